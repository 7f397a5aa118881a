"""The narrative of cycles of volume backups: their events as lines of text (volumes 1)."""

from __future__ import annotations

import logging

from ..base.text import printable
from ..base.units import duration
from ..volumes.drill_model import DrillRecord, DrillState
from ..volumes.volume_events import (
    BackupEnded,
    BackupGone,
    BackupPostponed,
    BackupRequested,
    BackupUndecided,
    CycleStarted,
    DrillEnded,
    DrillInterrupted,
    DrillPostponed,
    DrillsChosen,
    Problem,
    RemovalRefused,
    RemovalRequested,
    RestoreRequested,
    TemporaryVolumeGone,
    TemporaryVolumeLeft,
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
        case BackupPostponed(record, why, is_failure):
            level = logging.ERROR if is_failure else logging.WARNING
            return level, f"{_name(record)}: no backup in this cycle; the next one requests it. Cause: {why}"
        case RemovalRequested(record):
            return logging.INFO, f"{_name(record)}: removing backup {record.backup_id} ({record.name})"
        case RemovalRefused(record, why):
            return logging.WARNING, f"{_name(record)}: backup {record.backup_id} is not removed. Cause: {why}"
        case BackupGone(record):
            return logging.INFO, f"{_name(record)}: backup {record.backup_id} ({record.name}) is gone"
        case DrillsChosen(region, chosen, possible, later):
            wait = f", {later} wait for backups that are due or made" if later else ""
            return logging.INFO, f"{region}: backups that can be drilled: {possible}{wait}, drilled now: {chosen}"
        case RestoreRequested(drill):
            what = f"restoring backup {drill.backup_id} of {drill.size} GiB into temporary volume {drill.temporary_id}"
            return logging.INFO, f"{_drilled(drill)}: {what}"
        case DrillEnded(drill):
            return _drill_ended(drill)
        case DrillInterrupted(drill):
            return logging.INFO, f"{_drilled(drill)}: an earlier drill of backup {drill.backup_id} was interrupted"
        case DrillPostponed(record, why):
            return logging.WARNING, f"{_name(record)}: backup {record.backup_id} is not drilled now. Cause: {why}"
        case TemporaryVolumeGone(drill):
            return logging.INFO, f"{_drilled(drill)}: temporary volume {drill.temporary_id} is removed"
        case TemporaryVolumeLeft(drill, why):
            what = f"temporary volume {drill.temporary_id or drill.temporary_name} is not removed"
            return logging.WARNING, f"{_drilled(drill)}: {what}; a later cycle or drill tries again. Cause: {why}"
        case Problem(project, text, is_failure):
            level = logging.ERROR if is_failure else logging.WARNING
            return level, f"{project}: {text}" if project else text


def _ended(record: BackupRecord) -> tuple[int, str]:
    if record.state is RecordState.GOOD:
        seconds = (record.finished - record.begun).total_seconds() if record.finished and record.begun else 0.0
        return logging.INFO, f"{_name(record)}: backup {record.backup_id} is good ({duration(max(1.0, seconds))})"
    return logging.ERROR, f"{_name(record)}: no backup. Cause: {record.reason}"


def _drill_ended(drill: DrillRecord) -> tuple[int, str]:
    if drill.state is DrillState.GOOD:
        seconds = (drill.finished - drill.begun).total_seconds() if drill.finished else 0.0
        text = f"backup {drill.backup_id} can be restored ({duration(max(1.0, seconds))})"
        return logging.INFO, f"{_drilled(drill)}: {text}"
    if drill.state is DrillState.FAILED:
        return logging.ERROR, f"{_drilled(drill)}: backup {drill.backup_id} cannot be restored. Cause: {drill.reason}"
    text = f"it is not known whether backup {drill.backup_id} can be restored. Cause: {drill.reason}"
    return logging.WARNING, f"{_drilled(drill)}: {text}"


def _drilled(drill: DrillRecord) -> str:
    """Project, server and volume of the backup."""
    return f"{drill.project_name}: {drill.server_name}/{drill.volume_name}"


def _name(record: BackupRecord) -> str:
    """Project, server and volume."""
    return f"{record.project_name}: {record.server_name or record.server_id}/{record.volume_name or record.volume_id}"
