"""What one conductor does in one project, under its lease: the records that it changes, and requests (volumes 4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from ...base.errors import LeaseLost
from ..backup_cloud import BackupCloud
from ..state.project_leases import ProjectLease
from ..state.volume_changes import VolumeChanges
from ..volume_events import EmitVolume
from ..volume_model import BackupRecord, VolumeSettings


class Records:
    """The records of a region, as this process knows them; kept in step with what it writes.

    A region may have 200,000 records, so those of a project, those of a volume, and those that are not finished are
    found without a look at all others.

    :param records: all that have not been removed
    """

    def __init__(self, records: Iterable[BackupRecord]) -> None:
        self._by_id: dict[str, BackupRecord] = {}
        self._of_project: dict[str, dict[str, BackupRecord]] = {}
        self._of_volume: dict[str, dict[str, BackupRecord]] = {}
        self._unfinished: dict[str, BackupRecord] = {}
        for record in records:
            self.put(record)

    @property
    def all(self) -> Collection[BackupRecord]:
        """All of them."""
        return self._by_id.values()

    def put(self, record: BackupRecord) -> None:
        """Add a record, or replace the one of the same id."""
        self._by_id[record.id] = record
        self._of_project.setdefault(record.project_id, {})[record.id] = record
        self._of_volume.setdefault(record.volume_id, {})[record.id] = record
        if record.is_unfinished:
            self._unfinished[record.id] = record
        else:
            self._unfinished.pop(record.id, None)

    def change(self, record: BackupRecord, **values: Any) -> BackupRecord:
        """Replace a record by a changed one, and return that."""
        changed = replace(record, **values)
        self.put(changed)
        return changed

    def drop(self, record: BackupRecord) -> None:
        """Forget a record."""
        self._by_id.pop(record.id, None)
        self._of_project.get(record.project_id, {}).pop(record.id, None)
        self._of_volume.get(record.volume_id, {}).pop(record.id, None)
        self._unfinished.pop(record.id, None)

    def of_project(self, project_id: str) -> Mapping[str, BackupRecord]:
        """The records of a project, by id; changes while the records do."""
        return self._of_project.get(project_id, {})

    def of_volume(self, volume_id: str) -> Sequence[BackupRecord]:
        """The records of a volume, whatever project it was in, by due time, the oldest first."""
        return sorted(self._of_volume.get(volume_id, {}).values(), key=lambda record: record.due)

    def unfinished(self) -> list[BackupRecord]:
        """The records whose outcome is to be looked for, planned ones too."""
        return list(self._unfinished.values())


@dataclass(frozen=True)
class CycleStep:
    """What the steps of a cycle have in common.

    :param records: of the region
    :param emit: takes what happens
    :param now: the present moment by the database's clock
    """

    cloud: BackupCloud
    records: Records
    settings: VolumeSettings
    emit: EmitVolume
    now: Callable[[], datetime]


class ProjectWork:
    """The right to work on a project.

    :param lease: of the project
    :param request_seconds: after which a request has ended in any case
    """

    def __init__(self, engine: Engine, lease: ProjectLease, request_seconds: float) -> None:
        self.lease = lease
        self.project_id = lease.project_id
        self.changes = VolumeChanges(engine, lease)
        self._request_seconds = request_seconds

    @property
    def taken(self) -> datetime:
        """When the lease was taken, by the database's clock."""
        return self.lease.taken

    def check_request(self) -> None:
        """Make sure that a request ends before another conductor can take over.

        :raises LeaseLost: it may not; nothing may be sent
        """
        if not self.lease.outlives(self._request_seconds):
            raise LeaseLost("the lease of the project may end before a request has its answer")
