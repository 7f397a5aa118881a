"""What a catalog says of the regions: where their image service and their Keystone are, by all their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .addresses import comparable
from .place_identity import PlaceIdentity


@dataclass(frozen=True)
class Catalog:
    """The entries of a catalog that matter.

    :param endpoints: address of the image service by region, for the credential's interfaces, as the catalog writes it
    :param interfaces: the interface of each of them
    :param regions: all regions that are named for any service
    :param images: comparable addresses of the image service by region, for all interfaces
    :param keystones: likewise of the identity service; an entry without a region is under ""
    """

    endpoints: Mapping[str, str] = field(default_factory=dict)
    interfaces: Mapping[str, str] = field(default_factory=dict)
    regions: frozenset[str] = frozenset()
    images: Mapping[str, frozenset[str]] = field(default_factory=dict)
    keystones: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def regions_at(self, address: str) -> frozenset[str]:
        """The regions whose image service has an address."""
        return self._regions_by_address.get(address, frozenset())

    @cached_property
    def _regions_by_address(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for region, addresses in self.images.items():
            for address in addresses:
                found.setdefault(address, set()).add(region)
        return {address: frozenset(regions) for address, regions in found.items()}

    def keystones_of(self, region: str) -> frozenset[str]:
        """The addresses of the Keystone that are listed for a region; if none is, those of any."""
        own = self.keystones.get(region, frozenset()) | self.keystones.get("", frozenset())
        return own or self._all_keystones

    @cached_property
    def _all_keystones(self) -> frozenset[str]:
        return frozenset().union(*self.keystones.values())


def read_catalog(services: Any, interfaces: Sequence[str]) -> Catalog:
    """Read the catalog of a token; what makes no sense in it is left out.

    :param services: as Keystone sent them
    :param interfaces: which endpoints the credential uses; of those that a region offers the first in this order
    """
    offered: dict[str, dict[str, str]] = {}
    images: dict[str, set[str]] = {}
    keystones: dict[str, set[str]] = {}
    regions: set[str] = set()
    for service in dicts(services):
        kind = service.get("type")
        for endpoint in dicts(service.get("endpoints")):
            region, url = endpoint.get("region_id") or endpoint.get("region"), endpoint.get("url")
            if isinstance(region, str):
                regions.add(region)
            if not isinstance(url, str):
                continue
            if kind == "image" and isinstance(region, str):
                images.setdefault(region, set()).add(url)
                offered.setdefault(region, {}).setdefault(str(endpoint.get("interface")), url)
            elif kind == "identity":
                keystones.setdefault(region if isinstance(region, str) else "", set()).add(url)
    used = {
        region: interface
        for region, offers in offered.items()
        if (interface := next((each for each in interfaces if each in offers), None)) is not None
    }
    endpoints = {region: offered[region][interface] for region, interface in used.items()}
    return Catalog(endpoints, used, frozenset(regions), _comparable(images), _comparable(keystones))


def identity_of(keystone: str, region: str, project: str, address: str, catalog: Catalog) -> PlaceIdentity:
    """What tells a region's image service from others.

    :param keystone: address of the Keystone as it is configured
    :param region: id of the region
    :param project: id of the project that it is used for
    :param address: of the image service that is used, whether the catalog has it or not
    :param catalog: all that is listed
    :raises ValueError: one of the two addresses is none
    """
    used = comparable(address)
    addresses = catalog.images.get(region, frozenset())
    return PlaceIdentity(
        comparable(keystone),
        region,
        project,
        used,
        catalog.keystones_of(region),
        addresses,
        frozenset(address for address in addresses if len(catalog.regions_at(address)) > 1),
        catalog.regions_at(used) - {region},
    )


def dicts(value: Any) -> list[dict[str, Any]]:
    """The dictionaries of a list that comes from elsewhere."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _comparable(urls: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    return {region: frozenset(filter(None, map(_comparable_or_none, listed))) for region, listed in urls.items()}


def _comparable_or_none(url: str) -> str | None:
    try:
        return comparable(url)
    except ValueError:
        return None
