"""The narrative of cycles of volume backups: their events as lines of text (volumes 1)."""

from __future__ import annotations

import logging

from ..base.text import printable
from ..base.units import duration
from ..volumes.volume_events import (
    BackupEnded,
    BackupGone,
    BackupRequested,
    BackupUndecided,
    CycleStarted,
    Problem,
    RemovalRefused,
    RemovalRequested,
    VolumeEvent,
)
from ..volumes.volume_model import BackupRecord, RecordState


def volume_line(event: VolumeEvent) -> tuple[int, str]:
    """The line of an event: a level of ``logging`` and a text."""
    level, text = _line(event)
    return level, printable(text)


def _line(event: VolumeEvent) -> tuple[int, str]:
    match event:
        case CycleStarted(region, volumes, due):
            return logging.INFO, f"{region}: volumes with backups: {volumes}, due now: {due}"
        case BackupRequested(record):
            what = f"{record.type.value} backup of {record.size} GiB begun: {record.backup_id}"
            return logging.INFO, f"{_name(record)}: {what}"
        case BackupEnded(record):
            return _ended(record)
        case BackupUndecided(record, why):
            text = f"it is not known whether Cinder makes a backup; a later cycle finds out. Cause: {why}"
            return logging.WARNING, f"{_name(record)}: {text}"
        case RemovalRequested(record):
            return logging.INFO, f"{_name(record)}: removing expired backup {record.backup_id} ({record.name})"
        case RemovalRefused(record, why):
            return logging.WARNING, f"{_name(record)}: backup {record.backup_id} is not removed. Cause: {why}"
        case BackupGone(record):
            return logging.INFO, f"{_name(record)}: backup {record.backup_id} ({record.name}) is gone"
        case Problem(project, text, is_failure):
            level = logging.ERROR if is_failure else logging.WARNING
            return level, f"{project}: {text}" if project else text


def _ended(record: BackupRecord) -> tuple[int, str]:
    if record.state is RecordState.GOOD:
        seconds = (record.finished - record.begun).total_seconds() if record.finished and record.begun else 0.0
        return logging.INFO, f"{_name(record)}: backup {record.backup_id} is good ({duration(max(1.0, seconds))})"
    return logging.ERROR, f"{_name(record)}: no backup. Cause: {record.reason}"


def _name(record: BackupRecord) -> str:
    """Project, server and volume."""
    return f"{record.project_name}: {record.server_name or record.server_id}/{record.volume_name or record.volume_id}"
