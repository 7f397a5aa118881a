"""Which backups a restore drill restores (volumes 1.3). Pure: what was read and the present moment are parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..drill_model import DrillRecord
from ..volume_model import BackupRecord, Verdict, VolumeSettings
from .backup_chain import CinderStatus, by_volume
from .volume_inventory import VolumeInventory
from .volume_plan import VolumeEntry, plan_volumes
from .volume_status import newest_restorable

MARGIN_SECONDS = 300
"""Seconds besides those that making the backups of a chain took, in which a drill should have ended."""


@dataclass(frozen=True, slots=True)
class DrillCandidate:
    """A backup that can be drilled.

    :param record: the newest backup of its volume that can be restored
    :param seconds: how long a restore may take, by what making the backups of its chain took
    :param until: when the next backup of the volume is due, None for never
    :param volume_type: of the volume, "" when the volume is gone
    """

    record: BackupRecord
    seconds: float
    until: datetime | None
    volume_type: str

    def why_later(self, now: datetime) -> str:
        """Why the backup must not be drilled now, "" when it may.

        :param now: in UTC
        """
        if self.until is None or now + timedelta(seconds=self.seconds) < self.until:
            return ""
        return f"the next backup of the volume is due at {self.until:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """What a drill does.

    :param chosen: the backups that are drilled, in this order
    :param possible: how many could be drilled now
    :param later: the backups that can be restored and must not be drilled now, with the reason
    """

    chosen: Sequence[DrillCandidate]
    possible: int
    later: Sequence[tuple[BackupRecord, str]]


def plan_drills(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    drills: Iterable[DrillRecord],
    settings: VolumeSettings,
    now: datetime,
    sample: int,
) -> DrillPlan:
    """Choose what to drill: of each volume the newest backup that can be restored, as ``choose_sample`` orders them.

    :param records: all that have not been removed
    :param drills: the earlier ones
    :param now: in UTC
    :param sample: how many backups are to be drilled
    """
    histories = by_volume(records)
    entries = {entry.volume_id: entry for entry in plan_volumes(inventory, _all(histories), settings, now).entries}
    found: list[DrillCandidate] = []
    later: list[tuple[BackupRecord, str]] = []
    for volume_id, history in histories.items():
        chain = newest_restorable(history, inventory)
        if not chain:
            continue
        candidate = _candidate(chain, entries.get(volume_id), inventory)
        why = _why_later(candidate, history, entries.get(volume_id), inventory, now)
        if why:
            later.append((candidate.record, why))
        else:
            found.append(candidate)
    return DrillPlan(choose_sample(found, drills, sample), len(found), later)


def choose_sample(
    candidates: Iterable[DrillCandidate], drills: Iterable[DrillRecord], sample: int
) -> Sequence[DrillCandidate]:
    """Choose the volumes that were never drilled, then those whose last drill is the longest ago.

    So every volume is drilled in its turn, however small the sample is.

    :param candidates: one for each volume
    :param drills: the earlier ones
    :param sample: how many at most
    """
    last: dict[str, float] = {}
    for drill in drills:
        last[drill.volume_id] = max(last.get(drill.volume_id, 0.0), drill.begun.timestamp())
    ordered = sorted(
        candidates, key=lambda each: (last.get(each.record.volume_id, float("-inf")), each.record.volume_id)
    )
    return ordered[:sample]


def _all(histories: Mapping[str, Sequence[BackupRecord]]) -> list[BackupRecord]:
    return [record for history in histories.values() for record in history]


def _candidate(
    chain: Sequence[BackupRecord], entry: VolumeEntry | None, inventory: VolumeInventory
) -> DrillCandidate:
    made = sum(
        (record.finished - record.begun).total_seconds() for record in chain if record.finished and record.begun
    )
    volume = inventory.volume_by_id.get(chain[0].volume_id)
    until = entry.until if entry is not None and entry.verdict is Verdict.WAIT else None
    return DrillCandidate(chain[0], max(0.0, made) + MARGIN_SECONDS, until, "" if volume is None else volume.type)


def _why_later(
    candidate: DrillCandidate,
    history: Sequence[BackupRecord],
    entry: VolumeEntry | None,
    inventory: VolumeInventory,
    now: datetime,
) -> str:
    """Why a backup must not be drilled now: never while a backup of its volume is due or made."""
    if any(record.is_unfinished for record in history):
        return "a backup of the volume is being made"
    if entry is not None and entry.verdict in (Verdict.FULL, Verdict.INCREMENTAL, Verdict.FAIL):
        return "a backup of the volume is due"
    if entry is not None and entry.verdict is Verdict.WAIT and entry.due is not None and entry.due <= now:
        return f"a backup of the volume is due: {entry.why}"
    backup = inventory.backup_by_id.get(candidate.record.backup_id or "")
    if backup is None or backup.status != CinderStatus.AVAILABLE:
        return "the backup is being restored" if backup is not None else "the backup is not listed yet"
    return candidate.why_later(now)
