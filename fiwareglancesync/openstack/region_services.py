"""Keystone, Nova and Cinder of one region, each with a token for the account's own project or for another one."""

from __future__ import annotations

import re

from ..base.errors import Rejected, Scope, UnknownRegion
from ..base.text import nearest
from .addresses import normalised, url_without_secrets
from .catalog import Catalog, ServiceEndpoints
from .project_tokens import ProjectTokens
from .refusals import Waits
from .service import Service, ServiceKind
from .service_kinds import CATALOG_TYPES, CINDER, KEYSTONE, NOVA, PATH_OF_VERSION
from .tuning import Tuning

_VERSION = re.compile(r"/v\d+(\.\d+)?(/|$)", re.IGNORECASE)


class RegionServices:
    """The services of one region.

    :param keystone: address of the Keystone, as the configuration has it
    :param region: name of the region in the catalog, "" for the only one that has a Cinder
    :param target: name of the target, for messages about signing in
    """

    def __init__(
        self, tokens: ProjectTokens, keystone: str, region: str, target: str, tuning: Tuning, waits: Waits
    ) -> None:
        self.tokens = tokens
        self._keystone = keystone
        self._region = region
        self._target = target
        self._tuning = tuning
        self._waits = waits

    @property
    def region(self) -> str:
        """Name of the region in the catalog.

        :raises UnknownRegion: several regions have a Cinder and none is named, or none has one
        """
        if not self._region:
            self._region = _only_region(_endpoints(self.tokens.own.access().catalog, CINDER))
        return self._region

    def keystone(self) -> Service:
        """Keystone, with a token for the account's own project."""
        # The address that the password is sent to, and none from the catalog.
        return self._service(KEYSTONE, "", f"{normalised(self._keystone)}/v3")

    def cinder(self, project: str = "") -> Service:
        """Cinder.

        :param project: id of the project that the token is for, "" for the account's own
        :raises NoAccess: the account gets no token for the project
        """
        return self._service(CINDER, project, self._address(CINDER, project))

    def nova(self, project: str = "") -> Service:
        """Nova.

        :param project: id of the project that the token is for, "" for the account's own
        :raises NoAccess: the account gets no token for the project
        """
        return self._service(NOVA, project, self._address(NOVA, project))

    def _service(self, kind: ServiceKind, project: str, address: str) -> Service:
        sign_in = self.tokens.of(project) if project else self.tokens.own
        return Service(kind, self._region, self._target, sign_in, address, self._tuning, self._waits)

    def _address(self, kind: ServiceKind, project: str) -> str:
        """The address of a service with its version; Cinder's often ends with the project of the token."""
        region = self.region
        sign_in = self.tokens.of(project) if project else self.tokens.own
        endpoints = _endpoints(sign_in.access().catalog, kind)
        if region not in endpoints.used:
            raise _without(kind, region, endpoints)
        url = endpoints.used[region].strip().rstrip("/")
        try:
            normalised(url)
        except ValueError as error:
            text = f"the catalog's endpoint of {kind.name}, {url_without_secrets(url)!r}, is no usable address"
            raise Rejected(text, scope=Scope.REGION) from error
        return url if _VERSION.search(url) else url + PATH_OF_VERSION[kind.type]


def _endpoints(catalog: Catalog, kind: ServiceKind) -> ServiceEndpoints:
    """Where a service is, by the first of its names that the catalog has."""
    found = [catalog.of(name) for name in CATALOG_TYPES[kind.type]]
    return next((endpoints for endpoints in found if endpoints.offered), found[0])


def _only_region(endpoints: ServiceEndpoints) -> str:
    names = sorted(endpoints.used)
    if not endpoints.offered:
        raise UnknownRegion("the catalog has no Cinder in any region")
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise UnknownRegion(f"no region is named, and the catalog has a Cinder in {len(names)} ({listed}); name one")
    return names[0]


def _without(kind: ServiceKind, region: str, endpoints: ServiceEndpoints) -> UnknownRegion:
    """The error of a region that does not have a service."""
    if region in endpoints.offered:
        there = ", ".join(endpoints.offered[region])
        return UnknownRegion(
            f"{region}: the catalog has an endpoint of {kind.name} only for the interface {there}; set interface "
            "(OS_INTERFACE)"
        )
    known = sorted(endpoints.used)
    if not endpoints.offered:
        return UnknownRegion(f"{region}: the catalog has no {kind.name}, there or in any other region")
    text = f"{region}: the catalog has no {kind.name} there; the regions with one are: {', '.join(known) or 'none'}"
    near = nearest(region, known)
    error = UnknownRegion(f"{text}; did you mean {near}?" if near else text)
    error.near = near
    return error
