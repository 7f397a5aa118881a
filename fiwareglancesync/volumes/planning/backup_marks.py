"""The metadata that our backups carry for people (volumes 2).

Project members can change and forge them: they may forbid a removal, and never cause one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from ..volume_model import BackupRecord

AUTOMATED_KEY = "__automated_backup"
"""Says that a program made the backup."""

TASK_KEY = "glancesync_task"
"""The id of its record."""

EXPIRES_KEY = "glancesync_expires"
"""When it expires, as it was foreseen when the backup was requested."""


def marks_of(record: BackupRecord, begun: datetime) -> Mapping[str, str]:
    """The metadata that a new backup gets.

    :param begun: just before the request, in UTC
    """
    expires = (begun + timedelta(seconds=record.retention)).replace(microsecond=0)
    return {AUTOMATED_KEY: "True", TASK_KEY: record.id, EXPIRES_KEY: f"{expires:%Y-%m-%dT%H:%M:%SZ}"}


def marked_expiry(metadata: Mapping[str, str]) -> datetime | None:
    """When a backup expires by its mark, None when it has none that can be read.

    :param metadata: of the backup
    """
    text = metadata.get(EXPIRES_KEY, "").strip()
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z") + "+00:00" if text.endswith("Z") else text)
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
