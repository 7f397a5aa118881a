"""What one conductor does in one project, under its lease: the records that it changes, and requests (volumes 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from ..base.errors import LeaseLost
from .backup_cloud import BackupCloud
from .project_leases import ProjectLease
from .volume_changes import VolumeChanges
from .volume_events import EmitVolume
from .volume_model import BackupRecord, VolumeSettings


@dataclass
class Records:
    """The records of a region, as this process knows them; kept in step with what it writes."""

    by_id: dict[str, BackupRecord]

    def change(self, record: BackupRecord, **values: Any) -> BackupRecord:
        """Replace a record by a changed one, and return that."""
        changed = replace(record, **values)
        self.by_id[record.id] = changed
        return changed

    def drop(self, record: BackupRecord) -> None:
        """Forget a record."""
        self.by_id.pop(record.id, None)

    def of_project(self, project_id: str) -> Mapping[str, BackupRecord]:
        """The records of a project, by id."""
        return {id: record for id, record in self.by_id.items() if record.project_id == project_id}


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
            raise LeaseLost(f"the lease of project {self.project_id} may end before a request has its answer")
