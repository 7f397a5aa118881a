"""What has become of a backup that Cinder was making (volumes 4). Pure: the present moment is a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ...base.text import one_line
from ...base.units import duration
from ...openstack.cloud_model import CloudBackup
from ..volume_model import BackupRecord, VolumeSettings
from .backup_chain import CinderStatus
from .volume_inventory import MAX_CLOCK_DIFFERENCE

BEING_MADE = frozenset({CinderStatus.CREATING.value, "queued", "backing-up"})
"""Statuses of backups that are not finished."""

USABLE = frozenset({CinderStatus.AVAILABLE.value, CinderStatus.RESTORING.value})
"""Statuses of backups that are finished."""


class Progress(Enum):
    """How far a backup is."""

    MADE = "made"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How far a backup is.

    :param why: why it has failed, in one line
    """

    progress: Progress
    why: str = ""


def end_of(record: BackupRecord, backup: CloudBackup, now: datetime) -> datetime:
    """When a backup ended: its retention is counted from there, so a clock that is wrong must not make it shorter.

    It is when Cinder says so, as this process may look much later; but not before the request, and not in the future
    by a difference of clocks that is usual.

    :param record: with the moment of its request, which another clock may have written
    :param backup: that is available
    :param now: in UTC
    """
    ended = backup.updated_at or now
    if record.begun is not None and ended < record.begun <= now:
        return record.begun
    return now if now < ended <= now + timedelta(seconds=MAX_CLOCK_DIFFERENCE) else ended


def judge_running(
    record: BackupRecord, backup: CloudBackup | None, settings: VolumeSettings, now: datetime
) -> Judgement:
    """Decide how far a backup is.

    :param record: with Cinder's id
    :param backup: as Cinder shows it by its id, None when it does not find it
    :param now: in UTC
    """
    if backup is None:
        return Judgement(Progress.FAILED, "the backup is gone before it was finished: Cinder does not find its id")
    if backup.status in USABLE:
        return Judgement(Progress.MADE)
    if backup.status == CinderStatus.ERROR:
        reason = one_line(backup.fail_reason).strip()
        return Judgement(Progress.FAILED, f"Cinder: {reason}" if reason else "Cinder reports the status error")
    if backup.status not in BEING_MADE:
        return Judgement(Progress.FAILED, f"the backup has the status {one_line(backup.status)}")
    if is_overdue(record, settings, now):
        limit = duration(settings.timeout_of(record.size))
        return Judgement(Progress.FAILED, f"the backup has been {backup.status} for more than {limit}")
    return Judgement(Progress.RUNNING)


def is_overdue(record: BackupRecord, settings: VolumeSettings, now: datetime) -> bool:
    """Whether a backup takes longer than it may.

    :param now: in UTC
    """
    return now - (record.begun or record.due) > timedelta(seconds=settings.timeout_of(record.size))
