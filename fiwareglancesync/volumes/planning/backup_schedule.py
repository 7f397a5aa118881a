"""When a volume is due (volumes 2). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ..volume_model import BackupRecord, RecordState
from .backup_window import BackupWindow

FIRST_RETRY = 3600
"""Seconds after a failure until the volume is tried again; doubled after each further failure."""

CLOCK_TOLERANCE = timedelta(hours=2)
"""A due time further in the future than this was written by a clock that was wrong."""

NEVER = datetime.min.replace(tzinfo=timezone.utc)
"""Since when a volume waits that was never backed up: such volumes come first."""

ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class DueTime:
    """When a volume is due.

    :param due: whole seconds; what the next backup is for
    :param since: since when it waits for a backup, or will wait: before ``due`` when due times were missed
    :param is_due: whether a backup may begin now, as far as the time says
    :param limit: when a volume that is due and in a passing state has failed, None for never
    :param why: why it is not due, "" when it is
    """

    due: datetime
    since: datetime
    is_due: bool
    limit: datetime | None = None
    why: str = ""


def next_due(
    history: Iterable[BackupRecord], interval: int, now: datetime, window: BackupWindow | None = None
) -> DueTime:
    """Compute when a volume is due next: the previous due time and its interval; missed due times are skipped.

    :param history: the records of the volume, in any order; none of them is being carried out
    :param interval: seconds
    :param now: in UTC
    :param window: the hours in which backups may begin, None for all
    """
    believed = sorted(
        (record for record in history if record.due <= now + CLOCK_TOLERANCE), key=lambda record: record.due
    )
    if not believed:
        return _placed(_whole_seconds(now), NEVER, interval, now, window)
    first = _first_due(believed, interval, now)
    found = _placed(first, first, interval, now, window)
    if first > now and believed[-1].state is RecordState.FAILED:
        return replace(found, why="it failed, and is tried again later")
    return found


def retry_delay(failures: int, interval: int) -> int:
    """Seconds from a failure to the next try.

    :param failures: how many there were one after the other
    :param interval: of the volume, seconds: the longest delay
    """
    doublings = min(failures - 1, interval.bit_length())
    return int(min(FIRST_RETRY << doublings, interval))


def _first_due(history: Sequence[BackupRecord], interval: int, now: datetime) -> datetime:
    """The due time that follows a history, whether it has been missed or not."""
    last = history[-1]
    if last.state is RecordState.PLANNED:
        return last.due
    if last.state is not RecordState.FAILED:
        return last.due + timedelta(seconds=interval)
    ended = last.finished or last.due
    if ended > now + CLOCK_TOLERANCE:
        ended = last.due
    again = _whole_seconds(ended + timedelta(seconds=retry_delay(_failures(history), interval)))
    return max(again, last.due + ONE_SECOND)


def _failures(history: Sequence[BackupRecord]) -> int:
    count = 0
    for record in reversed(history):
        if record.state is not RecordState.FAILED:
            break
        count += 1
    return count


def _placed(first: datetime, since: datetime, interval: int, now: datetime, window: BackupWindow | None) -> DueTime:
    """Skip due times that were missed, and move the due time into the window.

    :param first: the first due time that was not served
    """
    if first > now:
        due = first if window is None else window.next_opening(first)
        return DueTime(due, since, is_due=False, why="it is not due yet")
    if window is not None and not window.is_open(now):
        return DueTime(window.next_opening(now), since, is_due=False, why="the backup window is closed")
    latest = first + (now - first) // timedelta(seconds=interval) * timedelta(seconds=interval)
    if window is None:
        limit = None if since is NEVER else latest + timedelta(seconds=interval)
        return DueTime(latest, since, is_due=True, limit=limit)
    return DueTime(window.next_opening(latest), since, is_due=True, limit=window.next_closing(now))


def _whole_seconds(moment: datetime) -> datetime:
    """The second in which a moment is: databases round fractions in different ways."""
    return moment.replace(microsecond=0)
