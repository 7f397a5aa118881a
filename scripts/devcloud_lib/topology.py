"""What the development cloud consists of; names, not places."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS_OF_KEYSTONE: dict[str, tuple[str, ...]] = {
    "keystone-a": ("Spain", "Burgos", "Caceres"),
    "keystone-b": ("Madrid",),
}
MASTER_REGION = "Spain"

# Further regions of the first Keystone, in this order, for a cloud that is asked for more (`up --regions`).
FURTHER_REGIONS = ("Aviles", "Cadiz", "Lleida", "Malaga", "Zamora")
FURTHER_REGIONS_KEYSTONE = "keystone-a"
DEFAULT_DOMAIN = "Default"
SECOND_TARGET = "federation2"
SECOND_TARGET_KEYSTONE = "keystone-b"

# Every Glance has one store, `local`; Caceres has a second one, so that a destination store can be chosen.
STORES_OF_REGION: dict[str, tuple[str, ...]] = {
    "Spain": ("local",),
    "Burgos": ("local",),
    "Caceres": ("local", "archive"),
    "Madrid": ("local",),
}


@dataclass(frozen=True)
class AccountSpec:
    """A user, its project and its role there; the same on every Keystone, with other passwords.

    :param role: empty for an account whose roles in its project are inherited from the domain.
    :param domain: the name of the domain of the user and of the project.
    :param service_role: whether it has the role ``service`` there, too.
    """

    user: str
    project: str
    role: str
    domain: str = DEFAULT_DOMAIN
    service_role: bool = False


# `glance` is the service's own account: Glance validates its callers' tokens with it.
ACCOUNTS: dict[str, AccountSpec] = {
    "glancesync": AccountSpec("glancesync", "glancesync", "admin"),
    "member": AccountSpec("member", "glancesync", "member"),
    "foreign": AccountSpec("foreign", "foreign", "admin"),
    "glance": AccountSpec("glance", "service", "service"),
}
MAIN_ACCOUNT = "glancesync"
BOOTSTRAP_ACCOUNT = AccountSpec("admin", "admin", "admin")

# The volumes, which `up --with volumes` adds, belong to the master region and so to the first Keystone.
VOLUMES_REGION = MASTER_REGION
VOLUMES_KEYSTONE = "keystone-a"

# `backup` is who makes and deletes the backups of all projects: it has the role `admin` by an inherited assignment on
# every domain. The others are the services' own accounts.
VOLUME_ACCOUNTS: dict[str, AccountSpec] = {
    "backup": AccountSpec("glancesync-backup", "glancesync-backup", ""),
    "cinder": AccountSpec("cinder", "service", "admin", service_role=True),
    "nova": AccountSpec("nova", "service", "admin", service_role=True),
    "placement": AccountSpec("placement", "service", "admin", service_role=True),
}
BACKUP_ACCOUNT = "backup"
CLIENT_ACCOUNTS = ("admin", "glancesync", "member", "foreign", BACKUP_ACCOUNT)
"""Those that are not a service's own."""

# Whose volumes `seed --with volumes` makes: members of projects in domains of their own.
SEED_ACCOUNTS: dict[str, AccountSpec] = {
    "demo": AccountSpec("demo", "demo", "member", domain="demo"),
    "other": AccountSpec("other", "other", "member", domain="other"),
}


def keystone_of(region: str) -> str:
    """The name of the Keystone whose catalog lists `region`."""
    if region in FURTHER_REGIONS:
        return FURTHER_REGIONS_KEYSTONE
    return next(name for name, regions in REGIONS_OF_KEYSTONE.items() if region in regions)


def stores_of(region: str) -> tuple[str, ...]:
    """The names of the stores of a region's Glance."""
    return STORES_OF_REGION.get(region, ("local",))


def standard_regions() -> tuple[str, ...]:
    """The regions of every cloud."""
    return tuple(region for group in REGIONS_OF_KEYSTONE.values() for region in group)


def service_names(further: int = 0) -> tuple[str, ...]:
    """All servers, Keystones first: the names that `stop`, `start` and `restart` take.

    :param further: how many of the further regions there are.
    """
    return (*REGIONS_OF_KEYSTONE, *standard_regions(), *FURTHER_REGIONS[:further])
