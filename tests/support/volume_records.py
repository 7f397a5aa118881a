"""Records of volume backups, and leases of their projects."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Engine, update

from fiwareglancesync.locks.lease import LeaseTiming, leases
from fiwareglancesync.volumes.state.project_leases import ProjectLease, ProjectLeases
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState

REGION = "Spain"
PROJECT = "11111111111111111111111111111111"
ODD = "odd \ud800 \x00 'name'; DROP TABLE volume_backups; --"
DUE = datetime(2026, 11, 28, 22, 0, 0, 123457, tzinfo=timezone.utc)
DAY = timedelta(days=1)
NEVER = LeaseTiming(lease=3600.0, renewal=1e9)
"""Leases that no thread renews."""


def planned(volume: str = "v", due: datetime = DUE, **values: Any) -> BackupRecord:
    """A backup that is to be made."""
    usual: dict[str, Any] = {
        "id": str(uuid.uuid4()), "project_id": PROJECT, "project_name": "default/sales", "server_id": "s",
        "server_name": "web", "volume_id": volume, "volume_name": "data", "due": due, "type": BackupType.FULL,
        "state": RecordState.PLANNED, "name": "web_data", "interval": 86400, "retention": 14 * 86400, "size": 10,
    }  # fmt: skip
    return BackupRecord(**usual | values)


def taken(engine: Engine, project: str = PROJECT, run: str = "run", region: str = REGION) -> ProjectLease:
    """The lease of a project that no conductor has."""
    lease = ProjectLeases(engine, region, run, NEVER).take(project)
    assert lease is not None
    return lease


def changes_of(engine: Engine, project: str = PROJECT, region: str = REGION) -> VolumeChanges:
    """What the only conductor of a project writes."""
    return VolumeChanges(engine, taken(engine, project, region=region))


def taken_over(engine: Engine, project: str = PROJECT) -> ProjectLease:
    """The lease of a project whose conductor was killed, after it has run out."""
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=1.0))
    return taken(engine, project, "the next run")


def run_to(changes: VolumeChanges, record: BackupRecord, state: RecordState, backup_id: str = "b") -> None:
    """Bring a record that is not there yet to a state."""
    assert changes.plan(record)
    if state is RecordState.PLANNED:
        return
    assert changes.creating(record.id, record.due)
    if state is RecordState.LOST:
        changes.lost(record.id, record.due + DAY, "never found")
    if state in (RecordState.RUNNING, RecordState.GOOD, RecordState.FAILED):
        changes.running(record.id, backup_id)
    if state is RecordState.GOOD:
        changes.good(record.id, record.due + DAY, None, record.due + 14 * DAY)
    if state is RecordState.FAILED:
        changes.failed(record.id, record.due + DAY, "its status is error")
