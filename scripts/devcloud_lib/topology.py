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
    """A user, its project and its role there; the same on every Keystone, with other passwords."""

    user: str
    project: str
    role: str


# `glance` is the service's own account: Glance validates its callers' tokens with it.
ACCOUNTS: dict[str, AccountSpec] = {
    "glancesync": AccountSpec("glancesync", "glancesync", "admin"),
    "member": AccountSpec("member", "glancesync", "member"),
    "foreign": AccountSpec("foreign", "foreign", "admin"),
    "glance": AccountSpec("glance", "service", "service"),
}
MAIN_ACCOUNT = "glancesync"
BOOTSTRAP_ACCOUNT = AccountSpec("admin", "admin", "admin")


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
