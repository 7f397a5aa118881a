"""Which backups go when an operator removes all of a project, such as one that is gone (volumes 1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from ..volume_model import BackupRecord, VolumeSettings
from .backup_chain import CinderStatus, by_volume
from .backup_removal import ExpiredBackup, Fate, judge_expired
from .backup_retention import RetentionPlan
from .volume_inventory import VolumeInventory


def plan_purge(
    project_id: str,
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    settings: VolumeSettings,
    now: datetime,
) -> RetentionPlan:
    """Decide which backups of a project go now, and which later: those being deleted, and what others build on.

    Neither their time nor whether they are the last good ones counts; what is held, not ours or pinned stays.

    :param records: all that have not been removed
    :param now: in UTC
    """
    if inventory.why_incomplete:
        return RetentionPlan(problems={project_id: inventory.why_incomplete})
    nothing_kept = replace(settings, keep_at_least=0, keep_after_deletion=0)
    mine = [replace(record, reported=True) for record in records if record.project_id == project_id]

    def judge(inventory: VolumeInventory) -> list[ExpiredBackup]:
        return [
            each if each.fate is Fate.KEEP else replace(each, why="all backups of the project are removed")
            for history in by_volume(mine).values()
            for each in judge_expired(history, {record.id: now for record in history}, inventory, nothing_kept, now)
        ]

    judged = judge(inventory)
    going = [each for each in judged if each.backup.status == CinderStatus.DELETING and not each.is_problem]
    deleting = {each.backup.id for each in going}
    if deleting:  # what these build on goes after them, as if they had not been requested yet
        judged = [
            replace(each, fate=Fate.LATER) if each.backup.id in deleting and each.fate is Fate.REMOVE else each
            for each in judge(_with_available(inventory, deleting))
        ]
    return RetentionPlan(
        removals=[each for each in judged if each.fate is Fate.REMOVE],
        later=[each for each in judged if each.fate is Fate.LATER],
        kept=[each for each in judged if each.fate is Fate.KEEP],
    )


def _with_available(inventory: VolumeInventory, ids: Collection[str]) -> VolumeInventory:
    """An inventory in which some backups are available."""
    available = CinderStatus.AVAILABLE.value
    items = [replace(each, status=available) if each.id in ids else each for each in inventory.backups.items]
    return replace(inventory, backups=replace(inventory.backups, items=items))
