"""Times on command lines."""

from __future__ import annotations

from datetime import datetime, timezone

from ..base.errors import UsageError

DATE = "2026-11-28"


def read_time(text: str, what: str = "--at", *, is_begin: bool = False) -> datetime:
    """Read a time that a user writes; without an offset it is UTC, and a date alone means its end.

    :param what: what the user gives with it, for the message
    :param is_begin: whether something begins then: a date alone means its beginning
    :raises UsageError: it is none
    """
    try:
        time = _in_utc(datetime.fromisoformat(text.removesuffix("Z")))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{what} {text}: expected a time such as {DATE} or {DATE}T09:00:00Z") from error
    if len(text) == len(DATE) and not is_begin:
        time = time.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return time


def _in_utc(time: datetime) -> datetime:
    """A time in UTC; one without an offset is meant so.

    :raises OverflowError: no calendar has it
    """
    return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)
