"""All the regions that the configured credentials reach."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ...errors import CloudError, Rejected, Scope
from ...settings import MASTER, Credential, Settings, Target
from ..unknown import unknown_region
from .addresses import normalised, public_url
from .answers import prefixed
from .catalog import identity_of
from .identity import Access, SignIn
from .place import OpenStackPlace
from .service import ImageService
from .tuning import Tuning


class OpenStackFederation:
    """The regions in the catalogs of the targets' Keystones; implements ``Federation``.

    Targets with the same credential share one discovery, one token and their connections.
    """

    def __init__(self, settings: Settings, tuning: Tuning | None = None) -> None:
        self._settings = settings
        self._tuning = tuning or Tuning()
        self._lock = threading.Lock()
        self._sign_ins: dict[Credential, SignIn] = {}

    def regions(self, target: Target) -> Sequence[str]:
        """Names of the regions of a target whose catalog entry has an image endpoint, sorted (contract 1.3).

        :raises CloudError: the target's Keystone cannot be asked or refuses the credential
        """
        return sorted(self._access(target).endpoints)

    def place(self, target: Target, region: str) -> OpenStackPlace:
        """One region.

        :raises UnknownRegion: the target's catalog has no image endpoint there
        """
        access = self._access(target)
        if region not in access.endpoints:
            raise unknown_region(target, region, sorted(access.endpoints))
        try:
            address = normalised(access.endpoints[region])
        except ValueError as error:
            shown = public_url(access.endpoints[region])
            raise Rejected(
                f"the catalog's image endpoint {shown!r} is no usable address", scope=Scope.REGION
            ) from error
        keystone = target.credential.auth_url
        identity = identity_of(keystone, region, access.project, address, access.catalog)
        service = ImageService(target.name, self._sign_in(target), address, self._tuning)
        is_master = target.name == MASTER and region == self._settings.master_region
        return OpenStackPlace(target, region, identity, service, is_master=is_master)

    def forked(self) -> None:
        """Take new connections in a child process; its parent's tokens go on serving."""
        self._lock = threading.Lock()
        for sign_in in self._sign_ins.values():
            sign_in.forked()

    def _access(self, target: Target) -> Access:
        if target.problem:
            raise Rejected(target.problem, scope=Scope.RUN)
        try:
            return self._sign_in(target).access()
        except CloudError as error:
            raise prefixed(error, f"target {target.name}") from error

    def _sign_in(self, target: Target) -> SignIn:
        with self._lock:
            if target.credential not in self._sign_ins:
                self._sign_ins[target.credential] = SignIn(target.credential, self._tuning)
            return self._sign_ins[target.credential]
