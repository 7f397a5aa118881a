"""Which backups are removed now, and why others are not (volumes 3). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..volume_model import BackupRecord, RecordState, VolumeSettings
from .backup_chain import by_volume
from .backup_expiry import new_expiry
from .backup_removal import ExpiredBackup, Fate, judge_expired
from .server_metadata import MarkedVolume
from .volume_inventory import VolumeInventory

MOST_REMOVALS = 50
"""Removals in one cycle that a project may have, however few volumes it has."""

REMOVALS_PER_VOLUME = 2
"""Removals in one cycle for each volume of a project."""


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What becomes of the recorded backups.

    :param expiries: by id of the record, where the time at which it expires is another one now
    :param removals: may be requested now, the newest first; each backup is read again just before
    :param later: go when those are gone that build on them
    :param kept: have expired, and stay
    :param problems: why nothing is removed in a project where something has expired, by its id
    :param unconfirmed: are not in the listing: only a request by id shows that they are gone
    :param found_again: were not found by their id in an earlier cycle, and are in the listing
    :param outdated: records of failed and lost backups that nothing needs any more
    """

    expiries: Mapping[str, datetime] = field(default_factory=dict)
    removals: Sequence[ExpiredBackup] = ()
    later: Sequence[ExpiredBackup] = ()
    kept: Sequence[ExpiredBackup] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    unconfirmed: Sequence[BackupRecord] = ()
    found_again: Sequence[BackupRecord] = ()
    outdated: Sequence[BackupRecord] = ()


def plan_retention(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    marked: Mapping[str, MarkedVolume],
    settings: VolumeSettings,
    now: datetime,
    allowed: Mapping[str, int] | None = None,
) -> RetentionPlan:
    """Decide which backups are removed.

    :param records: all that have not been removed
    :param marked: the volumes that are backed up, by id
    :param now: in UTC
    :param allowed: how many removals in this cycle an operator allows in a project, by its id
    """
    # A shorter time counts only when no server can be missing: that one might have the longer time.
    may_shrink = settings.retention_may_shrink and not inventory.why_incomplete
    expiries: dict[str, datetime] = {}
    expired: list[ExpiredBackup] = []
    unconfirmed, found_again, outdated = [], [], []
    for history in by_volume(records).values():
        times = {record.id: _expiry(record, marked, may_shrink=may_shrink) for record in history}
        expired.extend(judge_expired(history, times, inventory, settings, now))
        for record in history:
            time = times[record.id]
            if time is not None and time != record.expires:
                expiries[record.id] = time
            is_listed = record.backup_id in inventory.backup_by_id
            if is_listed and record.missing_since is not None:
                found_again.append(record)
            elif not is_listed and _is_to_be_confirmed(record, inventory):
                unconfirmed.append(record)
            if not is_listed and _is_outdated(record, now):
                outdated.append(record)
    problems = _problems(expired, inventory, allowed or {})
    expired.sort(key=lambda each: (each.record.project_id, each.record.volume_id))
    going = [each for each in expired if each.record.project_id not in problems]
    return RetentionPlan(
        expiries=expiries,
        removals=[each for each in going if each.fate is Fate.REMOVE],
        later=[each for each in going if each.fate is Fate.LATER],
        kept=[each for each in expired if each.fate is Fate.KEEP],
        problems=problems,
        unconfirmed=unconfirmed,
        found_again=found_again,
        outdated=outdated,
    )


def retention_problems(plan: RetentionPlan) -> Mapping[str, Sequence[str]]:
    """What somebody has to know about what is not removed: id of the project → sentences."""
    found: dict[str, list[str]] = {id: [f"Nothing is removed: {why}."] for id, why in plan.problems.items()}
    for each in plan.kept:
        if each.is_problem:
            text = f"Backup {each.record.backup_id} of {each.record.name} has expired and stays: {each.why}."
            found.setdefault(each.record.project_id, []).append(text)
    return found


def is_gone(record: BackupRecord, cycle_begun: datetime) -> bool:
    """Whether a backup that Cinder does not find by its id is gone: it did not in an earlier cycle either.

    The record of a failed backup stays, because the time of the next try depends on it, until it is outdated.

    :param cycle_begun: when the present cycle began
    """
    if record.state is RecordState.FAILED:
        return False
    return record.missing_since is not None and record.missing_since < cycle_begun


def expiring_volumes(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    marked: Mapping[str, MarkedVolume],
    settings: VolumeSettings,
    now: datetime,
) -> Mapping[str, str]:
    """The volumes of which something would be removed: their backups are read again before that is decided.

    Others with expired backups are not read again, because a chain may keep a backup for months.

    :param inventory: with a listing of backups that may be older
    :param records: all that have not been removed
    :param marked: the volumes that are backed up, by id
    :param now: in UTC
    :return: id → id of the project in which something would be removed
    """
    plan = plan_retention(inventory, records, marked, settings, now)
    return {each.record.volume_id: each.record.project_id for each in plan.removals}


def _expiry(record: BackupRecord, marked: Mapping[str, MarkedVolume], *, may_shrink: bool) -> datetime | None:
    volume = marked.get(record.volume_id)
    return new_expiry(record, None if volume is None else volume.retention, may_shrink=may_shrink)


def _problems(
    expired: Iterable[ExpiredBackup], inventory: VolumeInventory, allowed: Mapping[str, int]
) -> Mapping[str, str]:
    """Why nothing is removed in a project: it was not read wholly, or too much would go."""
    counts = Counter(each.record.project_id for each in expired if each.fate is not Fate.KEEP)
    volumes = Counter(volume.project_id for volume in inventory.volumes.items)
    problems = {}
    for project_id, count in counts.items():
        most = max(MOST_REMOVALS, REMOVALS_PER_VOLUME * volumes[project_id], allowed.get(project_id, 0))
        why = inventory.why_nothing_is_removed(project_id)
        if why:
            problems[project_id] = why
        elif count > most:
            problems[project_id] = (
                f"{count} backups would be removed at once, more than {most}; if that is right, "
                f"run glancesync volumes run --allow-deletions {count} {project_id}"
            )
    return problems


def _is_to_be_confirmed(record: BackupRecord, inventory: VolumeInventory) -> bool:
    """Whether a backup that is not listed may be gone."""
    if record.backup_id is None or not inventory.backups.is_whole:
        return False
    if record.state is RecordState.FAILED:
        return record.missing_since is None
    return record.state is RecordState.GOOD and (record.finished or record.due) < inventory.backups_read(
        record.volume_id
    )


def _is_outdated(record: BackupRecord, now: datetime) -> bool:
    """Whether the record of a backup that never was, or that failed and is gone, has been kept long enough."""
    if record.state not in (RecordState.FAILED, RecordState.LOST) or not record.reported:
        return False
    is_without_backup = record.backup_id is None or record.missing_since is not None
    return is_without_backup and (record.finished or record.due) + timedelta(seconds=record.retention) <= now
