"""Makes records of what Cinder has, when the database is lost (volumes 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ...openstack.cloud_model import CloudBackup, Server
from ..volume_model import LONGEST_PERIOD, BackupRecord, BackupType, RecordState, VolumeSettings
from .backup_chain import PRESENT, CinderStatus
from .backup_marks import TASK_KEY, marked_expiry
from .backup_schedule import ONE_SECOND
from .server_metadata import MarkedVolume
from .volume_inventory import VolumeInventory

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def rebuild(
    inventory: VolumeInventory,
    parents: Mapping[str, str],
    marked: Mapping[str, MarkedVolume],
    settings: VolumeSettings,
) -> Sequence[BackupRecord]:
    """Make the records of all backups of our account.

    :param parents: id of each incremental backup whose parent could be read → id of the parent
    :param marked: the volumes that are backed up, by id
    :return: the oldest first
    """
    ours = [backup for backup in inventory.backups.items if backup.user_id == inventory.account.user_id]
    ours.sort(key=lambda backup: (backup.created_at, backup.id))
    return list(_Rebuilder(inventory, parents, marked, settings).records(ours))


class _Rebuilder:
    """Makes one record after the other: no two have the same id, or the same volume and due time."""

    def __init__(
        self,
        inventory: VolumeInventory,
        parents: Mapping[str, str],
        marked: Mapping[str, MarkedVolume],
        settings: VolumeSettings,
    ) -> None:
        self._inventory = inventory
        self._parents = parents
        self._marked = marked
        self._settings = settings
        self._servers = {
            volume_id: server
            for server in sorted(inventory.servers.items, key=lambda server: server.id, reverse=True)
            for volume_id in server.volume_ids
        }
        self._ids: set[str] = set()
        self._due: set[tuple[str, datetime]] = set()

    def records(self, backups: Sequence[CloudBackup]) -> Iterator[BackupRecord]:
        """The records of backups, which are in the order of their creation."""
        return (self._record(backup) for backup in backups)

    def _record(self, backup: CloudBackup) -> BackupRecord:
        marked, volume = self._marked.get(backup.volume_id), self._inventory.volume_by_id.get(backup.volume_id)
        server = self._server(backup, marked)
        project = self._inventory.project_by_id.get(backup.project_id)
        retention = self._settings.retention if marked is None else marked.retention
        state = _state(backup)
        is_good = state is RecordState.GOOD
        return BackupRecord(
            id=self._id(backup),
            project_id=backup.project_id,
            project_name=backup.project_id if project is None else project.full_name,
            server_id="" if server is None else server.id,
            server_name="" if server is None else server.name,
            volume_id=backup.volume_id,
            volume_name="" if volume is None else volume.name,
            due=self._due_time(backup),
            type=BackupType.INCREMENTAL if backup.is_incremental else BackupType.FULL,
            state=state,
            name=backup.name,
            interval=self._settings.backup_interval if marked is None else marked.interval,
            retention=retention,
            size=backup.size,
            begun=backup.created_at,
            finished=None if state is RecordState.RUNNING else backup.created_at,
            backup_id=backup.id,
            parent_id=self._parents.get(backup.id) if backup.is_incremental else None,
            expires=_expiry(backup, retention) if is_good else None,
            reason="" if state is not RecordState.FAILED else f"its status is {backup.status}",
            reported=state is not RecordState.RUNNING,
        )

    def _server(self, backup: CloudBackup, marked: MarkedVolume | None) -> Server | None:
        return self._servers.get(backup.volume_id) if marked is None else marked.servers[0]

    def _id(self, backup: CloudBackup) -> str:
        """The task id of its mark, when that is one and no other backup has it; else Cinder's id."""
        id = backup.metadata.get(TASK_KEY, "")
        if not _UUID.fullmatch(id) or id in self._ids:
            id = backup.id
        self._ids.add(id)
        return id

    def _due_time(self, backup: CloudBackup) -> datetime:
        """A due time that no other backup of the volume has."""
        due = backup.created_at.replace(microsecond=0)
        while (backup.volume_id, due) in self._due:
            due += ONE_SECOND
        self._due.add((backup.volume_id, due))
        return due


def _state(backup: CloudBackup) -> RecordState:
    if backup.status in PRESENT:
        return RecordState.GOOD
    return RecordState.RUNNING if backup.status == CinderStatus.CREATING else RecordState.FAILED


def _expiry(backup: CloudBackup, retention: int) -> datetime:
    """The later one of what its mark says and of its creation and the retention."""
    expires = backup.created_at + timedelta(seconds=retention)
    latest = backup.created_at + timedelta(seconds=LONGEST_PERIOD)  # members can forge the mark
    return max(expires, min(marked_expiry(backup.metadata) or expires, latest))
