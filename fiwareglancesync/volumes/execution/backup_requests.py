"""Requests backups: the record is committed before, and every outcome is written down (volumes 2 and 4)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from enum import Enum

from ...base.errors import CloudError, LeaseLost
from ...openstack.request_outcome import Accepted, Refusal, Refused, Unknown
from ..backup_cloud import NewBackup
from ..planning.backup_chain import CinderStatus
from ..planning.backup_marks import marks_of
from ..planning.volume_plan import PASSING, READY, VolumeEntry, new_record
from ..volume_events import BackupEnded, BackupPostponed, BackupRequested, BackupUndecided
from ..volume_model import BackupRecord, BackupType, RecordState
from .project_work import CycleStep, ProjectWork


class Begun(Enum):
    """What came of the attempt to begin a backup."""

    YES = "yes"
    """Cinder makes it, or may make it."""

    NO = "no"
    """It has failed, or waits; others may begin."""

    REGION_IS_FULL = "region is full"
    """As many backups as permitted are made in the region, by all conductors together."""

    PROJECT_IS_FULL = "project is full"
    """Nothing further begins in the project in this cycle: a quota is used up, the account gets no token, or Cinder
    cannot be read."""


class BackupRequester(CycleStep):
    """Requests one backup after the other."""

    def begin(self, work: ProjectWork, entry: VolumeEntry, most: int) -> Begun:
        """Begin a backup that is due.

        :param work: of the volume's project
        :param most: how many backups may be made at once in the region, by all conductors together
        :raises LeaseLost: another conductor has the project; what was sent is found by it
        """
        record = new_record(entry, str(uuid.uuid4()), self.now())
        if entry.record is not None:
            # What was planned earlier may be of another type by now, and its name has another time.
            work.changes.withdraw(entry.record.id)
            self.records.drop(entry.record)
        if not work.changes.plan(record):
            return Begun.NO
        self.records.put(record)
        return self._request(work, record, most)

    def fail(self, work: ProjectWork, entry: VolumeEntry) -> None:
        """Write down that a volume that was due cannot be backed up."""
        planned = entry.record
        record = replace(new_record(entry, str(uuid.uuid4()), self.now()), state=RecordState.PLANNED, finished=None)
        if planned is None and not work.changes.plan(record):
            return
        self._fail(work, planned or record, entry.why)

    def _request(self, work: ProjectWork, record: BackupRecord, most: int) -> Begun:
        begun = self.now()
        if not work.changes.creating(record.id, begun, most):
            work.changes.withdraw(record.id)
            self.records.drop(record)
            return Begun.REGION_IS_FULL
        record = self.records.change(record, state=RecordState.CREATING, begun=begun)
        try:
            outcome = self.cloud.create_backup(_wanted(record, begun), check=work.check_request)
        except LeaseLost:
            self._withdraw_request(work, record)
            raise
        except CloudError as error:  # nothing was sent
            self._fail(work, record, str(error))
            return Begun.PROJECT_IS_FULL
        if isinstance(outcome, Accepted):
            work.changes.running(record.id, outcome.id)
            record = self.records.change(record, state=RecordState.RUNNING, backup_id=outcome.id)
            self.emit(BackupRequested(record))
            return Begun.YES
        if isinstance(outcome, Unknown):
            self.emit(BackupUndecided(record, outcome.text))
            return Begun.YES
        return self._refused(work, record, outcome, most)

    def _refused(self, work: ProjectWork, record: BackupRecord, refused: Refused, most: int) -> Begun:
        """Cinder has made nothing."""
        if refused.refusal is Refusal.NO_PARENT and record.type is BackupType.INCREMENTAL:
            return self._full_instead(work, record, most)
        if refused.refusal is Refusal.QUOTA:
            self._fail(work, record, refused.text)
            return Begun.PROJECT_IS_FULL
        if refused.refusal in (Refusal.FOR_NOW, Refusal.UNAUTHORIZED):
            return self._postpone(work, record, refused.text, Begun.PROJECT_IS_FULL)
        if refused.refusal is Refusal.REJECTED and self._is_passing(record):
            return self._postpone(work, record, refused.text)
        self._fail(work, record, refused.text)
        return Begun.NO

    def _full_instead(self, work: ProjectWork, record: BackupRecord, most: int) -> Begun:
        """The volume has no backup to build on: a full one in the same cycle, unless a restore hides its backups."""
        try:
            found = self.cloud.backups(record.volume_id)
        except CloudError as error:
            return self._postpone(work, record, f"its backups cannot be read: {error}")
        if any(backup.status == CinderStatus.RESTORING for backup in found.items):
            return self._postpone(work, record, "its only backups are being restored")
        work.changes.refused(record.id, BackupType.FULL)
        record = self.records.change(record, state=RecordState.PLANNED, begun=None, type=BackupType.FULL)
        return self._request(work, record, most)

    def _is_passing(self, record: BackupRecord) -> bool:
        """Whether the volume, read again, is in a state in which the next cycle may succeed."""
        try:
            volume = self.cloud.volume(record.volume_id)
        except CloudError:
            return True  # the next listing shows it
        return volume is not None and (volume.status in PASSING and volume.status not in READY)

    def _postpone(self, work: ProjectWork, record: BackupRecord, why: str, begun: Begun = Begun.NO) -> Begun:
        """Leave a backup to the next cycle.

        :param begun: a project in which nothing further begins is a failure, a single volume that waits is none
        """
        self._withdraw_request(work, record)
        self.emit(BackupPostponed(record, why, is_failure=begun is Begun.PROJECT_IS_FULL))
        return begun

    def _withdraw_request(self, work: ProjectWork, record: BackupRecord) -> None:
        """Nothing was made: the record is planned again, for a later attempt."""
        work.changes.refused(record.id)
        self.records.change(record, state=RecordState.PLANNED, begun=None)

    def _fail(self, work: ProjectWork, record: BackupRecord, reason: str) -> None:
        finished = self.now()
        work.changes.failed(record.id, finished, reason)
        record = self.records.change(
            record, state=RecordState.FAILED, finished=finished, reason=reason, reported=True
        )
        self.emit(BackupEnded(record))


def _wanted(record: BackupRecord, begun: datetime) -> NewBackup:
    return NewBackup(
        project_id=record.project_id,
        volume_id=record.volume_id,
        name=record.name,
        is_incremental=record.type is BackupType.INCREMENTAL,
        metadata=marks_of(record, begun),
    )
