"""Which backups go when an operator removes all of a project, such as one that is gone (volumes 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from .backup_chain import by_volume
from .backup_removal import Fate, judge_expired
from .backup_retention import RetentionPlan
from .volume_inventory import VolumeInventory
from .volume_model import BackupRecord, VolumeSettings


def plan_purge(
    project_id: str,
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    settings: VolumeSettings,
    now: datetime,
) -> RetentionPlan:
    """Decide which backups of a project go now, and which when those are gone that build on them.

    Neither their time nor whether they are the last good ones counts; what is held, not ours or pinned stays.

    :param records: all that have not been removed
    :param now: in UTC
    """
    if inventory.why_incomplete:
        return RetentionPlan(problems={project_id: inventory.why_incomplete})
    nothing_kept = replace(settings, keep_at_least=0, keep_after_deletion=0)
    mine = [replace(record, reported=True) for record in records if record.project_id == project_id]
    judged = [
        each if each.fate is Fate.KEEP else replace(each, why="all backups of the project are removed")
        for history in by_volume(mine).values()
        for each in judge_expired(history, {record.id: now for record in history}, inventory, nothing_kept, now)
    ]
    return RetentionPlan(
        removals=[each for each in judged if each.fate is Fate.REMOVE],
        later=[each for each in judged if each.fate is Fate.LATER],
        kept=[each for each in judged if each.fate is Fate.KEEP],
    )
