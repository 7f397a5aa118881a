"""Finds out what became of backups that were requested, and writes it down (volumes 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ..base.errors import CloudError
from ..openstack.cloud_model import CloudBackup
from .backup_adoption import RequestOutcome, Resolution
from .backup_cloud import BackupCloud
from .backup_progress import Progress, judge_running
from .project_work import ProjectWork, Records
from .volume_events import BackupEnded, BackupRequested, EmitVolume, Problem
from .volume_model import BackupRecord, BackupType, RecordState, VolumeSettings


class OutcomeFinder:
    """Looks for outcomes in one project after the other.

    :param records: of the region
    :param now: the present moment by the database's clock
    """

    def __init__(
        self,
        cloud: BackupCloud,
        records: Records,
        settings: VolumeSettings,
        emit: EmitVolume,
        now: Callable[[], datetime],
    ) -> None:
        self._cloud = cloud
        self._records = records
        self._settings = settings
        self._emit = emit
        self._now = now

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
                self._emit(BackupRequested(self._records.change(record, state=state, backup_id=each.backup.id)))
            elif each.outcome is RequestOutcome.LOST:
                finished = self._now()
                work.changes.lost(record.id, finished, each.why)
                values = {"state": RecordState.LOST, "finished": finished, "reason": each.why}
                self._emit(BackupEnded(self._records.change(record, **values)))

    def look(self, work: ProjectWork, record: BackupRecord) -> bool:
        """Look whether a backup has ended, and write down how.

        :param record: unfinished, with Cinder's id
        :return: whether it has ended
        :raises LeaseLost: another conductor has the project
        """
        try:
            backup = self._cloud.backup(record.backup_id or "")
        except CloudError as error:
            self._emit(Problem(record.project_name, f"backup {record.backup_id}: {error}", is_failure=False))
            return False
        judgement = judge_running(record, backup, self._settings, self._now())
        if judgement.progress is Progress.RUNNING:
            return False
        if judgement.progress is Progress.FAILED:
            self._end_failed(work, record, judgement.why)
        elif backup is not None:
            self._end_good(work, record, backup)
        return True

    def find_parent(self, work: ProjectWork, record: BackupRecord) -> None:
        """Determine the parent of an incremental backup that was not known when it ended (volumes 2)."""
        parent = self._parent(record)
        if parent is not None:
            work.changes.parent_found(record.id, parent)
            self._records.change(record, parent_id=parent)

    def _end_good(self, work: ProjectWork, record: BackupRecord, backup: CloudBackup) -> None:
        # When Cinder says so: this process may look much later.
        finished = min(backup.updated_at or self._now(), self._now())
        expires = finished + timedelta(seconds=record.retention)
        parent = self._parent(record) if record.type is BackupType.INCREMENTAL else None
        work.changes.good(record.id, finished, parent, expires)
        values = {"state": RecordState.GOOD, "finished": finished, "parent_id": parent, "expires": expires}
        self._emit(BackupEnded(self._records.change(record, reason="", reported=True, **values)))

    def _end_failed(self, work: ProjectWork, record: BackupRecord, reason: str) -> None:
        finished = self._now()
        work.changes.failed(record.id, finished, reason)
        values = {"state": RecordState.FAILED, "finished": finished, "reason": reason}
        self._emit(BackupEnded(self._records.change(record, reported=True, **values)))

    def _parent(self, record: BackupRecord) -> str | None:
        try:
            return self._cloud.parent_of(record.backup_id or "")
        except CloudError as error:
            text = f"the parent of backup {record.backup_id} is not known, so it does not count as good: {error}"
            self._emit(Problem(record.project_name, text, is_failure=False))
            return None
