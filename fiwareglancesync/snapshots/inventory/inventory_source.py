"""Reads servers and volumes from Nova and Cinder (snapshots 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ...openstack.cloud_inventory import CloudInventory, utc_now
from ...openstack.credential import Credential
from ...openstack.keystone_directory import KeystoneDirectory
from ...openstack.project_tokens import ProjectTokens
from ...openstack.refusals import Waits
from ...openstack.region_services import RegionServices
from ...openstack.tuning import Tuning
from .server_inventory import IncompleteInventory, ServerInventory, make_inventory


class InventorySource(Protocol):
    """Where servers and volumes are listed."""

    def read(self) -> ServerInventory:
        """All servers and volumes that the account gets.

        :raises CloudError: a listing failed, or is not complete
        """
        ...


class OpenStackInventory:
    """Servers and volumes of one region: of all projects when the account is an administrator, else of its own one.

    :param credential: of the account
    :param region: name of the region in the catalog, "" for the only one that has a Cinder
    :param target: name of the target, for messages about signing in
    :param clock: the present time, aware
    """

    def __init__(
        self,
        credential: Credential,
        region: str = "",
        target: str = "master",
        tuning: Tuning | None = None,
        waits: Waits | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        tuning, waits = tuning or Tuning(), waits or Waits()
        self._tokens = ProjectTokens(credential, tuning, waits, only_own=True)
        services = RegionServices(self._tokens, credential.auth_url, region, target, tuning, waits)
        self._cloud = CloudInventory(services, clock)
        self._directory = KeystoneDirectory(services, clock)

    def read(self) -> ServerInventory:
        """All servers and volumes that the account gets."""
        if not self._cloud.is_administrator():
            account = self._tokens.account()
            names = {account.project_id: account.project_name}
            return make_inventory(self._cloud.own_servers(), self._cloud.own_volumes(), names, covers_all=False)
        projects = self._directory.projects()
        if not projects.is_whole:
            raise IncompleteInventory(projects.reason)
        names = {project.id: project.name for project in projects.items}
        return make_inventory(self._cloud.servers(), self._cloud.volumes(), names, covers_all=True)
