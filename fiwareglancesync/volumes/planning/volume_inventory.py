"""What was read of a cloud before a plan is made, and whether it is whole (volumes 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from ...base.units import readable_duration
from ...openstack.cloud_model import CloudAccount, CloudBackup, Listing, Project, Server, ServiceState, Volume
from ..volume_model import BackupRecord

BACKUP_SERVICE = "cinder-backup"
"""The binary of Cinder's backup service."""

MAX_CLOCK_DIFFERENCE = 300
"""Seconds by which the clock of this machine and Keystone's may differ when something is to be removed."""


@dataclass(frozen=True)
class VolumeInventory:
    """What Keystone, Nova and Cinder said of one region.

    :param backups: of all projects, users' own ones too
    :param read_again: when the backups of single volumes in it were read again, by the volume's id
    :param clock_difference: seconds that the clock of this machine is ahead of Keystone's, negative when it is behind
    :param no_access: projects in which the account can do nothing, with the reason
    """

    account: CloudAccount
    services: Sequence[ServiceState]
    projects: Listing[Project]
    servers: Listing[Server]
    volumes: Listing[Volume]
    backups: Listing[CloudBackup]
    clock_difference: float = 0.0
    no_access: Mapping[str, str] = field(default_factory=dict)
    read_again: Mapping[str, datetime] = field(default_factory=dict)

    @cached_property
    def backup_hosts(self) -> frozenset[str]:
        """The hosts that make backups now."""
        return frozenset(
            service.host
            for service in self.services
            if service.binary == BACKUP_SERVICE and service.is_up and service.is_enabled
        )

    @cached_property
    def project_by_id(self) -> Mapping[str, Project]:
        """The projects."""
        return {project.id: project for project in self.projects.items}

    def project_name(self, project_id: str) -> str:
        """``domain/name`` of a project, its id when it is not listed."""
        project = self.project_by_id.get(project_id)
        return project_id if project is None else project.full_name

    def project_names(self, records: Iterable[BackupRecord]) -> Mapping[str, str]:
        """``domain/name`` of all projects by id; of those that are gone, as records have it.

        :param records: of backups
        """
        recorded = {record.project_id: record.project_name for record in records}
        return recorded | {project.id: project.full_name for project in self.projects.items}

    @cached_property
    def volume_by_id(self) -> Mapping[str, Volume]:
        """The volumes of all projects."""
        return {volume.id: volume for volume in self.volumes.items}

    @cached_property
    def backup_by_id(self) -> Mapping[str, CloudBackup]:
        """The backups of all projects, by Cinder's id."""
        return {backup.id: backup for backup in self.backups.items}

    @cached_property
    def backups_of(self) -> Mapping[str, Sequence[CloudBackup]]:
        """The backups of each volume, by its id."""
        found: dict[str, list[CloudBackup]] = {}
        for backup in self.backups.items:
            found.setdefault(backup.volume_id, []).append(backup)
        return found

    @cached_property
    def why_incomplete(self) -> str:
        """Why nothing may be removed in any project, "" when all has been read wholly."""
        listings: dict[str, Listing[Any]] = {
            "projects": self.projects,
            "servers": self.servers,
            "volumes": self.volumes,
            "backups": self.backups,
        }
        for name, listing in listings.items():
            if not listing.is_whole:
                return f"the listing of {name} is not whole: {listing.reason}"
        if abs(self.clock_difference) > MAX_CLOCK_DIFFERENCE:
            return (
                f"the clocks of this machine and of Keystone differ by {readable_duration(abs(self.clock_difference))}"
            )
        return ""

    def backups_read(self, volume_id: str) -> datetime:
        """Before which moment all backups of a volume are certainly in the listing.

        :param volume_id: of any volume
        """
        return self.read_again.get(volume_id, self.backups.begun)

    def why_untouchable(self, project_id: str) -> str:
        """Why nothing can be done in a project, "" when something can.

        :param project_id: of a volume or of a backup
        """
        if project_id in self.no_access:
            return self.no_access[project_id]
        project = self.project_by_id.get(project_id)
        if project is None:
            return "the project does not exist any more" if self.projects.is_whole else ""
        return "" if project.enabled else "the project is disabled"

    def why_nothing_is_removed(self, project_id: str) -> str:
        """Why nothing may be removed in a project, "" when something may.

        :param project_id: of a backup
        """
        return self.why_incomplete or self.why_untouchable(project_id)
