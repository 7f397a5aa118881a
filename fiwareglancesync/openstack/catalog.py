"""The catalog of a Keystone: where each type of service is, by region and by all addresses of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..base.errors import Rejected, Scope
from ..base.text import nearest
from .addresses import comparable
from .place_identity import PlaceIdentity

IDENTITY = "identity"
"""The type of Keystone in a catalog."""


@dataclass(frozen=True)
class ServiceEndpoints:
    """Where one type of service is.

    :param used: address by region, for the interface that is used; as the catalog or the configuration writes it
    :param interfaces: region → the interface that is used
    :param offered: region → the interfaces that it has, whether they are used or not
    :param listed: region → the addresses in the catalog, for all interfaces
    :param without_region: the addresses in the catalog that have no region
    """

    used: Mapping[str, str] = field(default_factory=dict)
    interfaces: Mapping[str, str] = field(default_factory=dict)
    offered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    without_region: frozenset[str] = frozenset()

    @cached_property
    def addresses(self) -> dict[str, frozenset[str]]:
        """Region → the addresses in the catalog, in their comparable form."""
        return {region: _comparable(urls) for region, urls in self.listed.items()}

    def regions_at(self, address: str) -> frozenset[str]:
        """The regions that have an address, which is in its comparable form."""
        return self._regions_by_address.get(address, frozenset())

    @cached_property
    def _regions_by_address(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for region, addresses in self.addresses.items():
            for address in addresses:
                found.setdefault(address, set()).add(region)
        return {address: frozenset(regions) for address, regions in found.items()}

    def serving(self, region: str) -> frozenset[str]:
        """The addresses of the service for a region; if the catalog has none for it, those for any region."""
        return self.addresses.get(region, frozenset()) | self._regionless or self._all_addresses

    @cached_property
    def _regionless(self) -> frozenset[str]:
        return _comparable(self.without_region)

    @cached_property
    def _all_addresses(self) -> frozenset[str]:
        return frozenset().union(*self.addresses.values())


_NOWHERE = ServiceEndpoints()


@dataclass(frozen=True)
class Catalog:
    """The catalog of a token.

    :param regions: all regions in it
    :param services: type of service (``image``, ``volumev3``, ``compute``) → where it is
    """

    regions: frozenset[str] = frozenset()
    services: Mapping[str, ServiceEndpoints] = field(default_factory=dict)

    def of(self, service_type: str) -> ServiceEndpoints:
        """Where a type of service is; empty if there is none.

        :param service_type: as catalogs name it
        """
        return self.services.get(service_type, _NOWHERE)


def read_catalog(services: Any, interfaces: Sequence[str]) -> Catalog:
    """Read the catalog of a token. Entries that make no sense are left out.

    :param services: the services, as Keystone sent them
    :param interfaces: the interfaces that the credential uses; the first of them that a region has is taken
    """
    regions: set[str] = set()
    found: dict[str, list[tuple[str | None, str, str]]] = {}
    for service in dicts(services):
        service_type = service.get("type")
        for endpoint in dicts(service.get("endpoints")):
            region, url = endpoint.get("region_id") or endpoint.get("region"), endpoint.get("url")
            if isinstance(region, str):
                regions.add(region)
            if isinstance(url, str) and isinstance(service_type, str):
                entry = (region if isinstance(region, str) else None, str(endpoint.get("interface")), url)
                found.setdefault(service_type, []).append(entry)
    by_type = {service_type: _endpoints(entries, interfaces) for service_type, entries in found.items()}
    return Catalog(frozenset(regions), by_type)


def _endpoints(entries: Iterable[tuple[str | None, str, str]], interfaces: Sequence[str]) -> ServiceEndpoints:
    """Where a service is, by its entries: region, interface, address."""
    offered: dict[str, dict[str, str]] = {}
    listed: dict[str, set[str]] = {}
    without_region: set[str] = set()
    for region, interface, url in entries:
        if region is None:
            without_region.add(url)
        else:
            listed.setdefault(region, set()).add(url)
            offered.setdefault(region, {}).setdefault(interface, url)
    chosen = {
        region: next(interface for interface in interfaces if interface in offers)
        for region, offers in offered.items()
        if not offers.keys().isdisjoint(interfaces)
    }
    used = {region: offered[region][interface] for region, interface in chosen.items()}
    frozen = {region: frozenset(urls) for region, urls in listed.items()}
    there = {region: tuple(sorted(offers)) for region, offers in offered.items()}
    return ServiceEndpoints(used, chosen, there, frozen, frozenset(without_region))


def with_overrides(catalog: Catalog, overrides: Mapping[str, Sequence[tuple[str, str]]]) -> Catalog:
    """The catalog with the addresses that the configuration sets.

    :param catalog: as Keystone sent it
    :param overrides: type of service → region and address of each; the region "" means the only one of the catalog
    :raises Rejected: it is not clear which region is meant, or there is no such region
    """
    services = dict(catalog.services)
    for service_type, addresses in overrides.items():
        endpoints = catalog.of(service_type)
        used = dict(endpoints.used)
        for region, address in addresses:
            key = f"{service_type}_endpoint_override"
            used[region or _only_region(endpoints.used or catalog.regions, key)] = address
            if region and region not in catalog.regions:
                near = nearest(region, catalog.regions)
                hint = f"; did you mean {near}?" if near else ""
                text = f"{key} names the region {region}, which the catalog does not have{hint}"
                raise Rejected(text, scope=Scope.TARGET)
        services[service_type] = replace(endpoints, used=used)
    return replace(catalog, services=services)


def _only_region(regions: Collection[str], key: str) -> str:
    names = sorted(regions)
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise Rejected(
            f"{key} names no region, and the catalog has {len(names)} ({listed}); write REGION=ADDRESS",
            scope=Scope.TARGET,
        )
    return names[0]


def identity_of(
    keystone: str, region: str, project: str, address: str, catalog: Catalog, service_type: str
) -> PlaceIdentity:
    """The identity of a region's service for one project.

    :param keystone: address of the Keystone, as the configuration has it
    :param region: id of the region
    :param project: id of the project
    :param address: address of the service that is used, whether the catalog has it or not
    :param catalog: the catalog
    :param service_type: type of the service
    :raises ValueError: one of the two addresses is not valid
    """
    used = comparable(address)
    endpoints = catalog.of(service_type)
    addresses = endpoints.addresses.get(region, frozenset())
    return PlaceIdentity(
        comparable(keystone),
        region,
        project,
        used,
        catalog.of(IDENTITY).serving(region),
        addresses,
        frozenset(address for address in addresses if len(endpoints.regions_at(address)) > 1),
        endpoints.regions_at(used) - {region},
    )


def dicts(value: Any) -> list[dict[str, Any]]:
    """The dictionaries in a list of an answer."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _comparable(urls: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(_comparable_or_none, urls)))


def _comparable_or_none(url: str) -> str | None:
    try:
        return comparable(url)
    except ValueError:
        return None
