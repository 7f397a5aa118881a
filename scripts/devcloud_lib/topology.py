"""What the development cloud consists of; names, not places."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS_OF_KEYSTONE: dict[str, tuple[str, ...]] = {
    "keystone-a": ("Spain", "Burgos", "Caceres"),
    "keystone-b": ("Madrid",),
}
MASTER_REGION = "Spain"
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
    return next(name for name, regions in REGIONS_OF_KEYSTONE.items() if region in regions)


def service_names() -> tuple[str, ...]:
    """All servers, Keystones first: the names that `stop`, `start` and `restart` take."""
    regions = tuple(region for group in REGIONS_OF_KEYSTONE.values() for region in group)
    return (*REGIONS_OF_KEYSTONE, *regions)
