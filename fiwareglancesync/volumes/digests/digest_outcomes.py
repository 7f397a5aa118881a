"""Adds what came of backups in a period to what there is to report of projects (volumes 6). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..drill_model import DrillRecord, DrillState
from ..volume_model import BackupRecord, RecordState
from .digest_model import ExpiredBackup, FailedBackup, GoodBackup, ProjectDigest

NO_REASON = {
    RecordState.FAILED: "The reason is not known.",
    RecordState.LOST: "Cinder never listed the backup.",
    RecordState.GOOD: "It is incremental, and it is not known which backup it builds on.",
}
"""Why a backup is none to rely on, where its record does not say it."""


@dataclass
class _Outcomes:
    """What came of the backups of one project."""

    project_name: str = ""
    failed: list[FailedBackup] = field(default_factory=list)
    good: list[GoodBackup] = field(default_factory=list)
    expired: list[ExpiredBackup] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def with_outcomes(
    projects: Iterable[ProjectDigest], records: Iterable[BackupRecord], begin: datetime, end: datetime
) -> Sequence[ProjectDigest]:
    """The projects with the outcomes of a period; those that only records name are added.

    :param projects: what is so at present
    :param records: that got an outcome in the period, or whose backup went in it
    :param begin: of the period
    :param end: of the period, not included
    """
    found: dict[str, _Outcomes] = defaultdict(_Outcomes)
    for record in records:
        outcomes = found[record.project_id]
        outcomes.project_name = record.project_name
        is_removed = record.removed is not None and begin <= record.removed < end
        # One that went in the period may have become good long before.
        if not is_removed or (record.finished is not None and record.finished >= begin):
            _add_outcome(outcomes, record)
        if is_removed and record.state is RecordState.GOOD:
            _add_removal(outcomes, record)
    known = {project.project_id: project for project in projects}
    for project_id, outcomes in found.items():
        project = known.get(project_id) or ProjectDigest(project_id, outcomes.project_name)
        known[project_id] = replace(
            project,
            failed=tuple(outcomes.failed),
            good=tuple(outcomes.good),
            expired=tuple(outcomes.expired),
            warnings=(*project.warnings, *outcomes.warnings),
        )
    return list(known.values())


def with_drills(projects: Iterable[ProjectDigest], drills: Iterable[DrillRecord]) -> Sequence[ProjectDigest]:
    """The projects with a warning for each backup that a drill could not restore.

    :param drills: that ended in the period
    """
    known = {project.project_id: project for project in projects}
    for drill in drills:
        if drill.state is DrillState.FAILED:
            project = known.get(drill.project_id) or ProjectDigest(drill.project_id, drill.project_name)
            text = (
                f"Backup {drill.backup_name} of volume {drill.volume_name}, server {drill.server_name},"
                f" could not be restored in a drill: {drill.reason}"
            )
            known[drill.project_id] = replace(project, warnings=(*project.warnings, text))
    return list(known.values())


def _add_outcome(outcomes: _Outcomes, record: BackupRecord) -> None:
    server, volume = _names(record)
    ended = record.finished or record.due
    if record.is_good:
        begun = record.begun or record.due
        outcomes.good.append(GoodBackup(server, volume, record.name, record.type, record.size, begun, ended))
    elif record.state in NO_REASON:
        reason = record.reason or NO_REASON[record.state]
        outcomes.failed.append(FailedBackup(server, volume, ended, reason))


def _add_removal(outcomes: _Outcomes, record: BackupRecord) -> None:
    server, volume = _names(record)
    if record.removal_asked is None:
        outcomes.warnings.append(f"Backup {record.name} of volume {volume} was deleted by somebody else.")
    elif record.removed is not None:
        outcomes.expired.append(ExpiredBackup(server, volume, record.name, record.removed))


def _names(record: BackupRecord) -> tuple[str, str]:
    return record.server_name or record.server_id, record.volume_name or record.volume_id
