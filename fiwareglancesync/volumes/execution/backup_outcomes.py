"""Finds out what became of backups that were requested, and writes it down (volumes 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ...base.errors import CloudError, Scope
from ...openstack.cloud_model import CloudBackup
from ..planning.backup_adoption import RequestOutcome, Resolution
from ..planning.backup_progress import Progress, end_of, is_overdue, judge_running
from ..volume_events import BackupEnded, BackupRequested, Problem
from ..volume_model import BackupRecord, BackupType, RecordState
from .project_work import CycleStep, ProjectWork


@dataclass(frozen=True)
class OutcomeFinder(CycleStep):
    """Looks for outcomes in one project after the other.

    :param unread: the ids of records whose backups could not be read, which is reported once in a cycle
    """

    unread: set[str] = field(default_factory=set)

    def settle(self, work: ProjectWork, resolutions: Sequence[Resolution]) -> None:
        """Write down what came of requests with an unknown outcome.

        :param resolutions: of records of the project
        :raises LeaseLost: another conductor has the project
        """
        for each in resolutions:
            record = each.record
            if each.outcome is RequestOutcome.FOUND and each.backup is not None:
                work.changes.adopted(record.id, each.backup.id)
                state = record.state if record.state is RecordState.LOST else RecordState.RUNNING
                self.emit(BackupRequested(self.records.change(record, state=state, backup_id=each.backup.id)))
            elif each.outcome is RequestOutcome.LOST:
                finished = self.now()
                work.changes.lost(record.id, finished, each.why)
                values = {"state": RecordState.LOST, "finished": finished, "reason": each.why}
                self.emit(BackupEnded(self.records.change(record, **values)))

    def look(self, work: ProjectWork, record: BackupRecord) -> bool:
        """Look whether a backup has ended, and write down how.

        :param record: unfinished, with Cinder's id
        :return: whether it has ended
        :raises LeaseLost: another conductor has the project
        """
        try:
            backup = self.cloud.backup(record.backup_id or "")
        except CloudError as error:
            return self._cannot_read(work, record, error)
        judgement = judge_running(record, backup, self.settings, self.now())
        if judgement.progress is Progress.RUNNING:
            return False
        if judgement.progress is Progress.FAILED:
            self._end_failed(work, record, judgement.why)
        elif backup is not None:
            self._end_good(work, record, backup)
        return True

    def _cannot_read(self, work: ProjectWork, record: BackupRecord, error: CloudError) -> bool:
        """What concerns this backup alone ends with its timeout: it must not hold a place for ever."""
        if error.scope is Scope.IMAGE and is_overdue(record, self.settings, self.now()):
            self._end_failed(work, record, f"Cinder cannot show the backup: {error}")
            return True
        if record.id not in self.unread:
            self.unread.add(record.id)
            self.emit(Problem(record.project_name, f"backup {record.backup_id}: {error}", is_failure=False))
        return False

    def find_parent(self, work: ProjectWork, record: BackupRecord) -> None:
        """Determine the parent of an incremental backup that was not known when it ended (volumes 2)."""
        parent = self._parent(record)
        if parent is not None:
            work.changes.parent_found(record.id, parent)
            self.records.change(record, parent_id=parent)

    def _end_good(self, work: ProjectWork, record: BackupRecord, backup: CloudBackup) -> None:
        finished = end_of(record, backup, self.now())
        expires = finished + timedelta(seconds=record.retention)
        parent = self._parent(record) if record.type is BackupType.INCREMENTAL else None
        work.changes.good(record.id, finished, parent, expires)
        values = {"state": RecordState.GOOD, "finished": finished, "parent_id": parent, "expires": expires}
        self.emit(BackupEnded(self.records.change(record, reason="", reported=True, **values)))

    def _end_failed(self, work: ProjectWork, record: BackupRecord, reason: str) -> None:
        finished = self.now()
        work.changes.failed(record.id, finished, reason)
        values = {"state": RecordState.FAILED, "finished": finished, "reason": reason}
        self.emit(BackupEnded(self.records.change(record, reported=True, **values)))

    def _parent(self, record: BackupRecord) -> str | None:
        try:
            return self.cloud.parent_of(record.backup_id or "")
        except CloudError as error:
            text = f"the parent of backup {record.backup_id} is not known, so it does not count as good: {error}"
            self.emit(Problem(record.project_name, text, is_failure=False))
            return None
