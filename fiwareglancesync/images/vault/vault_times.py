"""Times as the documents and the file names of a vault have them (vault 1.1)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

DOCUMENT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
FILE_FORMAT = "%Y%m%dT%H%M%S.%fZ"

CLOCK_TOLERANCE = timedelta(hours=1)
"""By how much the clocks of machines may differ."""


def is_in_future(time: datetime, now: datetime) -> bool:
    """Whether a time is later than the present one, so that a clock is or was wrong.

    :param now: the present time
    """
    return time > now + CLOCK_TOLERANCE


def time_text(time: datetime) -> str:
    """A time as documents have it.

    :param time: with its offset from UTC
    """
    return time.astimezone(timezone.utc).strftime(DOCUMENT_FORMAT)


def file_time(time: datetime) -> str:
    """A time as file names have it.

    :param time: with its offset from UTC
    """
    return time.astimezone(timezone.utc).strftime(FILE_FORMAT)


def read_time(text: str) -> datetime:
    """Read a time of a document.

    :raises ValueError: it is none
    """
    return datetime.strptime(text, DOCUMENT_FORMAT).replace(tzinfo=timezone.utc)


def read_file_time(text: str) -> datetime | None:
    """Read a time of a file name; None when it is none."""
    try:
        time = datetime.strptime(text, FILE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return time if file_time(time) == text else None
