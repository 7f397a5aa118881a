"""Backups of volumes through the Cinder of a region; implements ``BackupCloud``."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..openstack.answers import Operation
from ..openstack.cloud_inventory import CloudInventory, quoted, utc_now
from ..openstack.cloud_model import (
    BackupQuota,
    CloudAccount,
    CloudBackup,
    Listing,
    Project,
    Server,
    ServiceState,
    Volume,
)
from ..openstack.credential import Credential
from ..openstack.keystone_directory import KeystoneDirectory
from ..openstack.project_tokens import ProjectTokens
from ..openstack.refusals import Waits
from ..openstack.region_services import RegionServices
from ..openstack.request_outcome import Outcome
from ..openstack.service import Call
from ..openstack.single_requests import Check, do_not_check, send_once
from ..openstack.tuning import Tuning
from .backup_cloud import NewBackup, NewVolume


class OpenStackBackups:
    """One region of a cloud, with the rights of the account; implements ``BackupCloud``. Several threads may use it.

    :param credential: user and password of the account, and its own project
    :param region: name of the region in the catalog, "" for the only one that has a Cinder
    :param target: name of the target, for messages about signing in
    :param clock: the present time, aware
    :param wall_clock: the time of this machine in seconds since the epoch
    :raises ConfigError: the credential is bound to one project (volumes 1)
    """

    def __init__(
        self,
        credential: Credential,
        region: str = "",
        target: str = "master",
        tuning: Tuning | None = None,
        waits: Waits | None = None,
        clock: Callable[[], datetime] = utc_now,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        tuning, waits = tuning or Tuning(), waits or Waits()
        self._tuning = tuning
        self._tokens = ProjectTokens(credential, tuning, waits, wall_clock)
        self._region = RegionServices(self._tokens, credential.auth_url, region, target, tuning, waits)
        self._inventory = CloudInventory(self._region, clock)
        self._directory = KeystoneDirectory(self._region, clock)

    @property
    def region(self) -> str:
        """Name of the region."""
        return self._region.region

    @property
    def request_seconds(self) -> float:
        """Seconds after which a request that changes something has ended in any case."""
        return self._tuning.connect + self._tuning.control

    def account(self) -> CloudAccount:
        """The account."""
        return self._tokens.account()

    def clock_difference(self) -> float:
        """How far the clock of this machine is ahead of Keystone's, in seconds; negative when it is behind."""
        return self._tokens.clock_difference()

    def services(self) -> tuple[ServiceState, ...]:
        """The services of Cinder."""
        return self._inventory.services()

    def projects(self) -> Listing[Project]:
        """All projects of all domains, disabled ones too."""
        return self._directory.projects()

    def servers(self, project_id: str = "") -> Listing[Server]:
        """The servers of a project, "" for those of all projects."""
        return self._inventory.servers(project_id)

    def volumes(self, project_id: str = "") -> Listing[Volume]:
        """The volumes of a project, "" for those of all projects."""
        return self._inventory.volumes(project_id)

    def backups(self, volume_id: str = "", project_id: str = "") -> Listing[CloudBackup]:
        """The backups of a volume or of a project, users' own ones too; without both all of the region."""
        return self._inventory.backups(volume_id, project_id)

    def backup(self, backup_id: str) -> CloudBackup | None:
        """A backup of any project; None when there is none of this id (404)."""
        return self._inventory.backup(backup_id)

    def volume(self, volume_id: str) -> Volume | None:
        """A volume of any project; None when there is none of this id (404)."""
        return self._inventory.volume(volume_id)

    def parent_of(self, backup_id: str) -> str | None:
        """The id of the backup that an available one builds on; None for a full one."""
        return self._inventory.parent_of(backup_id)

    def quota(self, project_id: str) -> BackupQuota:
        """The quotas of a project that backups count against, and how much of them is used."""
        return self._inventory.quota(project_id)

    def member_addresses(self, project_id: str) -> tuple[str, ...]:
        """The mail addresses of the members of a project."""
        return self._directory.member_addresses(project_id)

    def create_backup(self, backup: NewBackup, *, check: Check = do_not_check) -> Outcome:
        """Request a backup; accepted with its id."""
        wanted = {
            "volume_id": backup.volume_id,
            "name": backup.name,
            "incremental": backup.is_incremental,
            "force": True,
            "metadata": dict(backup.metadata),
        }
        call = Call(Operation.CREATE, "POST", "/backups", {"backup": wanted})
        return send_once(self._region.cinder(backup.project_id), call, "backup", check)

    def delete_backup(self, project_id: str, backup_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request the deletion of a backup, with a token for its project: then Cinder protects a chain."""
        return send_once(self._region.cinder(project_id), _deletion(f"/backups/{quoted(backup_id)}"), check=check)

    def set_server_metadata(
        self, project_id: str, server_id: str, key: str, value: str, *, check: Check = do_not_check
    ) -> Outcome:
        """Set one item of a server's metadata."""
        document: dict[str, Any] = {"metadata": {key: value}}
        call = Call(Operation.UPDATE, "POST", f"/servers/{quoted(server_id)}/metadata", document)
        return send_once(self._region.nova(project_id), call, check=check)

    def restore(self, backup_id: str, volume_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request to restore a backup of any project into a volume of the account's own project."""
        document = {"restore": {"volume_id": volume_id}}
        call = Call(Operation.UPDATE, "POST", f"/backups/{quoted(backup_id)}/restore", document)
        return send_once(self._region.cinder(), call, check=check)

    def create_volume(self, volume: NewVolume, *, check: Check = do_not_check) -> Outcome:
        """Request a volume in the account's own project; accepted with its id."""
        wanted = {"name": volume.name, "size": volume.size, "metadata": dict(volume.metadata)}
        wanted |= {"volume_type": volume.type} if volume.type else {}
        call = Call(Operation.CREATE, "POST", "/volumes", {"volume": wanted})
        return send_once(self._region.cinder(), call, "volume", check)

    def delete_volume(self, volume_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request the deletion of a volume of the account's own project."""
        return send_once(self._region.cinder(), _deletion(f"/volumes/{quoted(volume_id)}"), check=check)


def _deletion(path: str) -> Call:
    return Call(Operation.DELETE, "DELETE", path)
