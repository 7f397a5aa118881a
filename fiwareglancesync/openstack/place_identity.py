"""Which names and addresses mean the same place (sync 1.3). Pure: no name is resolved, no service is asked.

Ids of images, endpoints and projects prove nothing: a cloud restored from the backup of another one has the same ids.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

_Number: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

PROJECT_ID_LENGTH = 32
"""Characters to which project ids are padded with zeros (sync 3.1)."""

_OF_ANY_CLUSTER = ".cluster.local"
"""How the names of services end in every Kubernetes cluster."""

_OF_ANY_SITE = (".local", ".localdomain", ".internal", ".lan", ".home.arpa")
_PRIVATE_NETWORKS = [
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]


@dataclass(frozen=True)
class PlaceIdentity:
    """Identifies one place, used for one project. Addresses are in their comparable form.

    :param keystone: address of the Keystone that is used, or the name of another kind of federation
    :param region: id of the region
    :param project: id of the project
    :param address: address of the service that is used, "" when the federation has no addresses
    :param keystones: addresses of the Keystone in the catalog
    :param addresses: addresses of the region's service in the catalog, for all interfaces
    :param shared: those of ``addresses`` that other regions of the catalog have too
    :param namesakes: other regions of the catalog that have ``address``
    """

    keystone: str
    region: str
    project: str
    address: str = ""
    keystones: frozenset[str] = field(default_factory=frozenset)
    addresses: frozenset[str] = field(default_factory=frozenset)
    shared: frozenset[str] = field(default_factory=frozenset)
    namesakes: frozenset[str] = field(default_factory=frozenset)

    @property
    def lock_keys(self) -> tuple[str, ...]:
        """The keys of the locks that a run takes, sorted. Two identities of the same place have at least one in common.

        Regions of one catalog often have the same internal address, such as ``http://controller:9292``, and would
        exclude each other by it. So it is locked only by a run that uses it, together with all regions that have it.
        A worldwide address of several regions is one service.
        """
        regions = {self.region, *self.namesakes}
        found = {self._key(keystone, region) for keystone in self._known_keystones() for region in regions}
        found |= {self._key(address) for address in self._locked_addresses()}
        return tuple(sorted(found))

    @property
    def task_key(self) -> str:
        """One of the keys. It is the same, whichever addresses of the catalog are used."""
        known = sorted(self.addresses - self.shared)
        if known:
            return self._key(known[0])
        keystones = sorted(k for k in self.keystones if not is_ambiguous(k))
        return self._key(keystones[0] if keystones else self.keystone, self.region)

    def _known_keystones(self) -> set[str]:
        return {self.keystone, *(k for k in self.keystones if not is_ambiguous(k))}

    def _locked_addresses(self) -> set[str]:
        locked = {address for address in self.addresses if address not in self.shared or is_worldwide(address)}
        return {*locked, self.address} if self.address else locked

    def _key(self, *what: str) -> str:
        return json.dumps([*what, self.project.rjust(PROJECT_ID_LENGTH, "0")])


def is_same_place(one: PlaceIdentity, other: PlaceIdentity) -> bool:
    """Whether two identities mean the same place, for any projects."""
    return is_same_region(one, other) or common_address(one, other) is not None


def is_same_region(one: PlaceIdentity, other: PlaceIdentity) -> bool:
    """Whether two places have the same Keystone and region id: then they are certainly the same."""
    return one.region == other.region and is_same_keystone(one, other)


def is_same_keystone(one: PlaceIdentity, other: PlaceIdentity) -> bool:
    """Whether two places have the same Keystone, by the addresses that are used and those in the catalogs.

    Clouds that were installed in the same way have the same private addresses. Such an address counts only if the
    address that is used for each of the two Keystones is in the catalog of the other.
    """
    if one.keystone == other.keystone:
        return True
    used = _used_and_listed(one.keystone, one.keystones, other.keystone, other.keystones)
    if len(used) == 2:
        return not all(map(is_ambiguous, used))
    return any(map(is_worldwide, used))


def common_address(one: PlaceIdentity, other: PlaceIdentity) -> str | None:
    """The address that is used for one place and that the other has too; None when there is none.

    With different Keystones an ambiguous address counts only if it is used for both.
    """
    if one.address and one.address == other.address:
        return one.address
    used = _used_and_listed(one.address, one.addresses, other.address, other.addresses)
    if not used:
        return None
    if not is_same_keystone(one, other):
        used = [address for address in used if not is_ambiguous(address)]
    return min(used, default=None)


def is_ambiguous(address: str) -> bool:
    """Whether catalogs of many clouds have this address: a single label, loopback, a name within a cluster."""
    host, number = _host(address)
    if number is not None:
        return number.is_loopback or number.is_unspecified or number.is_link_local
    return "." not in host or host.startswith("localhost.") or host.endswith((".localhost", _OF_ANY_CLUSTER))


def is_worldwide(address: str) -> bool:
    """Whether an address means the same everywhere: no address of a private network, no name within a site."""
    host, number = _host(address)
    if is_ambiguous(address) or host.endswith(_OF_ANY_SITE):
        return False
    return number is None or not any(number in network for network in _PRIVATE_NETWORKS)


def _host(address: str) -> tuple[str, _Number | None]:
    """The host of an address, and its IP address if it is one."""
    host = urlsplit(address).hostname or ""
    try:
        return host, ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host, None


def _used_and_listed(one: str, of_one: frozenset[str], other: str, of_other: frozenset[str]) -> list[str]:
    """The addresses that are used for one of two and listed for the other."""
    found = [one] if one in of_other else []
    return [*found, other] if other in of_one else found
