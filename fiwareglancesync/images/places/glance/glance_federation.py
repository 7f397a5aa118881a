"""All regions that the configured credentials can use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from ....base.errors import CloudError, Rejected, Scope, UnknownRegion
from ....openstack.addresses import normalised, url_without_secrets
from ....openstack.answers import prefixed
from ....openstack.catalog import identity_of
from ....openstack.credential import Credential
from ....openstack.identity import Access, SignIn
from ....openstack.refusals import Wait, Waits
from ....openstack.service import Service
from ....openstack.tuning import Tuning
from ...settings import MASTER, Settings, Target, full_name
from ..port import unknown_region
from .glance_answers import GLANCE
from .glance_place import OpenStackPlace


class OpenStackFederation:
    """The regions in the catalogs of the targets; implements ``Federation``.

    Targets with the same credential and the same time limits share one token and their connections.

    :param settings: the configuration
    :param tuning: time limits for all targets; None means those that the configuration sets for each
    """

    def __init__(self, settings: Settings, tuning: Tuning | None = None) -> None:
        self._settings = settings
        self._tuning = tuning
        self._lock = threading.Lock()
        self._waits = Waits()
        self._sign_ins: dict[tuple[Credential, Tuning], SignIn] = {}

    def regions(self, target: Target) -> Sequence[str]:
        """Names of the regions of a target that have an image endpoint in its catalog, sorted (sync 1.3).

        :raises CloudError: the Keystone of the target does not answer, or refuses the credential
        :raises Rejected: its regions offer image endpoints only for other interfaces than the configured ones
        """
        endpoints = self._access(target).catalog.of(GLANCE.type)
        if endpoints.offered and not endpoints.used:
            raise Rejected(f"target {target.name}: {other_interfaces(target, endpoints.offered)}", scope=Scope.TARGET)
        return sorted(endpoints.used)

    def place(self, target: Target, region: str) -> OpenStackPlace:
        """One region.

        :raises UnknownRegion: the target's catalog has no image endpoint there
        """
        access = self._access(target)
        endpoints = access.catalog.of(GLANCE.type).used
        if region not in endpoints:
            raise self.why_unknown(target, region)
        try:
            address = normalised(endpoints[region])
        except ValueError as error:
            shown = url_without_secrets(endpoints[region])
            raise Rejected(
                f"the catalog's image endpoint {shown!r} is no usable address", scope=Scope.REGION
            ) from error
        keystone = target.credential.auth_url
        identity = identity_of(keystone, region, access.project, address, access.catalog, GLANCE.type)
        name, tuning = full_name(target.name, region), self._tuning_of(target)
        service = Service(GLANCE, name, target.name, self._sign_in(target), address, tuning, self._waits)
        is_master = target.name == MASTER and region == self._settings.master_region
        return OpenStackPlace(target, region, identity, service, is_master=is_master)

    def why_unknown(self, target: Target, region: str) -> UnknownRegion:
        """Why a region is none of its target's regions; implements ``HasCatalog``."""
        catalog = self._access(target).catalog
        endpoints = catalog.of(GLANCE.type)
        if region in endpoints.offered:
            offered = {region: endpoints.offered[region]}
            return UnknownRegion(f"{full_name(target.name, region)}: {other_interfaces(target, offered)}")
        return unknown_region(target, region, sorted(endpoints.used), others=catalog.regions)

    def forked(self) -> None:
        """In a child process: make new connections; the tokens of the parent are still used."""
        self._lock = threading.Lock()
        self._waits.forked()
        for sign_in in self._sign_ins.values():
            sign_in.forked()

    def report_waits(self, listener: Callable[[Wait], None]) -> None:
        """Report each wait for a service that refuses for now to a function."""
        self._waits.listen(listener)

    def _access(self, target: Target) -> Access:
        if target.problem:
            raise Rejected(target.problem, scope=Scope.TARGET)
        try:
            return self._sign_in(target).access()
        except CloudError as error:
            raise prefixed(error, f"target {target.name}") from error

    def _sign_in(self, target: Target) -> SignIn:
        key = (target.credential, self._tuning_of(target))
        with self._lock:
            if key not in self._sign_ins:
                self._sign_ins[key] = SignIn(*key, self._waits)
            return self._sign_ins[key]

    def _tuning_of(self, target: Target) -> Tuning:
        return self._tuning or tuning_for(target)


def other_interfaces(target: Target, offered: Mapping[str, Collection[str]]) -> str:
    """The problem of regions whose image services are not reached by the configured interface.

    :param target: the target
    :param offered: region → the interfaces of its image service
    """
    wanted = " or ".join(target.credential.interfaces)
    there = ", ".join(sorted(set().union(*offered.values())))
    return f"the catalog has no {wanted} endpoint of an image service, only {there}; set interface (OS_INTERFACE)"


def tuning_for(target: Target) -> Tuning:
    """The time limits that the configuration of a target sets."""
    return Tuning(
        connect=target.connect_timeout,
        control=target.answer_timeout,
        idle=target.idle_timeout,
        upload_answer=target.upload_answer_timeout,
        wait_limit=target.retry_timeout,
        fetch=target.import_timeout,
        slowest_rate=target.slowest_rate,
    )
