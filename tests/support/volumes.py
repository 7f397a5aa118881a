"""Values for tests of volume backups, with usual ones for what a test does not name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from fiwareglancesync.openstack.cloud_model import (
    CloudAccount,
    CloudBackup,
    Listing,
    Project,
    Server,
    ServiceState,
    Volume,
)
from fiwareglancesync.volumes.planning.backup_marks import marks_of
from fiwareglancesync.volumes.planning.volume_inventory import VolumeInventory
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState

T = TypeVar("T")

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ACCOUNT = CloudAccount("account", "backup", "services")
MARK = {"backup": "yes"}


def make_server(id: str = "s1", volumes: Sequence[str] = ("v1",), **values: Any) -> Server:
    """A marked server."""
    usual = {"name": f"name-{id}", "project_id": "p1", "metadata": MARK, "volume_ids": tuple(volumes)}
    return Server(id, **{**usual, **values})


def make_volume(id: str = "v1", **values: Any) -> Volume:
    """An attached volume of 10 GiB."""
    return Volume(id, **{"name": f"name-{id}", "project_id": "p1", "status": "in-use", "size": 10, **values})


def make_record(id: str = "r1", due: datetime = NOW - DAY, **values: Any) -> BackupRecord:
    """A full backup that succeeded ten minutes after its due time; the id of Cinder's backup is ``b-`` and its own."""
    state = values.get("state", RecordState.GOOD)
    has_ended = state in (RecordState.GOOD, RecordState.FAILED)
    has_backup = state in (RecordState.GOOD, RecordState.RUNNING)
    usual = {
        "project_id": "p1", "project_name": "Default/p1", "server_id": "s1", "server_name": "name-s1",
        "volume_id": "v1", "volume_name": "name-v1", "type": BackupType.FULL, "state": RecordState.GOOD,
        "name": f"name-{id}", "interval": 86400, "retention": 14 * 86400, "size": 10,
        "begun": due, "finished": due + 10 * MINUTE if has_ended else None,
        "backup_id": f"b-{id}" if has_backup else None,
    }  # fmt: skip
    record = BackupRecord(id=id, due=due, **{**usual, **values})
    if record.state is RecordState.GOOD and record.expires is None and record.finished is not None:
        return replace(record, expires=record.finished + timedelta(seconds=record.retention))
    return record


def make_incremental(id: str, parent: str, due: datetime, **values: Any) -> BackupRecord:
    """An incremental backup.

    :param parent: id of the record that it builds on
    """
    return make_record(id, due, **{"type": BackupType.INCREMENTAL, "parent_id": f"b-{parent}", **values})


def backup_of(record: BackupRecord, **values: Any) -> CloudBackup:
    """What Cinder lists for a record."""
    begun = record.begun or record.due
    usual = {
        "name": record.name, "project_id": record.project_id, "user_id": ACCOUNT.user_id,
        "volume_id": record.volume_id, "status": "available", "size": record.size,
        "is_incremental": record.type is BackupType.INCREMENTAL, "has_dependent_backups": False,
        "created_at": begun, "metadata": marks_of(record, begun),
    }  # fmt: skip
    return CloudBackup(**{"id": record.backup_id or "", **usual, **values})


def foreign_backup(id: str, created_at: datetime, **values: Any) -> CloudBackup:
    """A backup that a user made of the first volume."""
    usual = {
        "name": "", "project_id": "p1", "user_id": "alice", "volume_id": "v1", "status": "available", "size": 10,
        "is_incremental": False, "has_dependent_backups": False,
    }  # fmt: skip
    return CloudBackup(id, created_at=created_at, **{**usual, **values})


def listed(items: Sequence[T], *, whole: bool = True, reason: str = "", begun: datetime = NOW) -> Listing[T]:
    """A listing."""
    return Listing(items, whole, reason, begun)


def with_dependants(records: Sequence[BackupRecord]) -> list[CloudBackup]:
    """What Cinder lists for records, with the flag of those that others build on."""
    parents = {record.parent_id for record in records}
    return [backup_of(record, has_dependent_backups=record.backup_id in parents) for record in records]


def make_inventory(
    servers: Sequence[Server] | None = None,
    volumes: Sequence[Volume] | None = None,
    backups: Sequence[CloudBackup] = (),
    cut: str = "",
    **values: Any,
) -> VolumeInventory:
    """What was read of a cloud: a marked server with a volume, and one backup service, unless a test says otherwise.

    :param cut: which listing is not whole
    """
    servers = [make_server()] if servers is None else servers
    volumes = [make_volume()] if volumes is None else volumes
    named: list[Server | Volume | CloudBackup] = [*servers, *volumes, *backups]
    projects = {each.project_id for each in named}
    usual: dict[str, Any] = {
        "services": (ServiceState("cinder-backup", "host-1", True),),
        "projects": listed([Project(id, id, "default", "Default") for id in sorted(projects)]),
        "servers": listed(servers),
        "volumes": listed(volumes),
        "backups": listed(backups),
    }
    if cut:
        usual[cut] = replace(usual[cut], is_whole=False, reason="999 of 1000 came")
    return VolumeInventory(account=ACCOUNT, **{**usual, **values})
