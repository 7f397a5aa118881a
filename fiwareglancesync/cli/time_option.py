"""Times on command lines."""

from __future__ import annotations

from datetime import datetime, timezone

from ..base.errors import UsageError

DATE = "2026-11-28"


def read_at(text: str) -> datetime:
    """Read a time of ``--at``; without an offset it is UTC, and a date alone means its end.

    :raises UsageError: it is none
    """
    try:
        time = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError as error:
        raise UsageError(f"--at {text}: expected a time such as {DATE} or {DATE}T09:00:00Z") from error
    if len(text) == len(DATE):
        time = time.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)
