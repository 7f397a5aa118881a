"""What becomes of the backups of one volume that have expired (volumes 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ...base.text import one_line, show
from ...base.units import duration
from ...openstack.cloud_model import CloudBackup
from ..volume_model import DAY, BackupRecord, RecordState, VolumeSettings
from .backup_chain import CinderStatus, chain_of, data_time
from .backup_expiry import has_expired, kept_beyond
from .backup_marks import TASK_KEY
from .volume_inventory import VolumeInventory

REFUSALS_UNTIL_STUCK = 5
"""After so many refusals a removal is tried once a day."""

REMOVABLE = frozenset({CinderStatus.AVAILABLE.value, CinderStatus.ERROR.value})
"""Statuses in which Cinder deletes a backup."""


class Fate(Enum):
    """What becomes of a backup that has expired."""

    REMOVE = "remove"
    """Its removal may be requested now."""

    LATER = "later"
    """It goes when those are gone that build on it."""

    KEEP = "keep"
    """It stays for now."""


@dataclass(frozen=True, slots=True)
class ExpiredBackup:
    """A backup that has expired, and what becomes of it.

    :param why: the reason, for people
    :param is_problem: whether somebody has to do something about it
    :param pinned_by: id of the backup that keeps it and is not recorded, "" for none
    """

    record: BackupRecord
    backup: CloudBackup
    fate: Fate
    why: str
    is_problem: bool = False
    pinned_by: str = ""


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a backup stays."""

    why: str
    is_problem: bool = False
    pinned_by: str = ""


def judge_expired(
    history: Sequence[BackupRecord],
    expiries: Mapping[str, datetime | None],
    inventory: VolumeInventory,
    settings: VolumeSettings,
    now: datetime,
) -> Sequence[ExpiredBackup]:
    """Decide what becomes of the expired backups of a volume, the newest first.

    :param history: the volume's records, the oldest first
    :param expiries: when they expire, by id of the record
    :param now: in UTC
    """
    present = _present(history, inventory)
    expired = [record for record in present if has_expired(record, expiries[record.id], now)]
    if not expired:
        return ()
    return _Judge(history, expiries, inventory, settings, now, present).judge(expired)


def _present(history: Sequence[BackupRecord], inventory: VolumeInventory) -> Sequence[BackupRecord]:
    return [record for record in history if record.backup_id in inventory.backup_by_id]


class _Judge:
    """The recorded backups of one volume.

    :param present: the records whose backups are in the listing
    """

    def __init__(
        self,
        history: Sequence[BackupRecord],
        expiries: Mapping[str, datetime | None],
        inventory: VolumeInventory,
        settings: VolumeSettings,
        now: datetime,
        present: Sequence[BackupRecord],
    ) -> None:
        self._history = history
        self._expiries = expiries
        self._inventory = inventory
        self._settings = settings
        self._now = now
        self._present = present
        self._volume_id = history[0].volume_id
        self._parents = {record.parent_id for record in present if record.parent_id}
        self._by_backup_id = {record.backup_id: record for record in history if record.backup_id}

    def judge(self, expired: Sequence[BackupRecord]) -> Sequence[ExpiredBackup]:
        staying = dict(self._reasons(expired))
        staying |= self._bases(expired, staying)
        found = [self._fate(record, staying.get(record.id)) for record in expired]
        return sorted(found, key=lambda each: data_time(each.backup), reverse=True)

    def _backup(self, record: BackupRecord) -> CloudBackup:
        return self._inventory.backup_by_id[record.backup_id or ""]

    def _reasons(self, expired: Sequence[BackupRecord]) -> Iterator[tuple[str, _Reason]]:
        """The backups that stay for a reason of their own: id of the record → reason."""
        exists = self._volume_id in self._inventory.volume_by_id
        kept = kept_beyond(
            self._history, self._expiries, self._inventory.backup_by_id, self._settings, self._now, volume_exists=exists
        )
        is_busy = any(record.is_in_progress for record in self._history)
        for record in expired:
            if record.id in kept:
                yield record.id, _Reason(kept[record.id])
                continue
            reason = self._why_not_asked(record, self._backup(record)) or self._pin(record)
            if reason is None and is_busy:
                reason = _Reason("a backup of its volume is being made")
            if reason is not None:
                yield record.id, reason

    def _bases(self, expired: Sequence[BackupRecord], staying: Mapping[str, _Reason]) -> Mapping[str, _Reason]:
        """The backups that stay because others build on them that stay: id of the record → reason."""
        going = {record.id for record in expired if record.id not in staying}
        return {
            base.id: _Reason(f"backup {record.backup_id}, which stays, builds on it")
            for record in self._present
            if record.id not in going
            for base in chain_of(record, self._by_backup_id)
            if base.id in going
        }

    def _fate(self, record: BackupRecord, reason: _Reason | None) -> ExpiredBackup:
        backup = self._backup(record)
        if reason is not None:
            return ExpiredBackup(record, backup, Fate.KEEP, reason.why, reason.is_problem, reason.pinned_by)
        why = self._why_expired(record)
        return ExpiredBackup(record, backup, Fate.LATER if backup.id in self._parents else Fate.REMOVE, why)

    def _why_expired(self, record: BackupRecord) -> str:
        if record.state is RecordState.FAILED:
            return "it failed, and that is reported"
        return f"it expired at {self._expiries[record.id]:%F %H:%M}Z"

    def _why_not_asked(self, record: BackupRecord, backup: CloudBackup) -> _Reason | None:
        """Why its removal must not be requested, whatever its time says."""
        is_ours = backup.user_id == self._inventory.account.user_id
        if not is_ours or (backup.volume_id, backup.project_id) != (record.volume_id, record.project_id):
            return _Reason("Cinder says that it belongs to another user, volume or project", is_problem=True)
        task = backup.metadata.get(TASK_KEY, record.id)
        if task != record.id:
            return _Reason(f"its {TASK_KEY} was changed to '{show(task)}'", is_problem=True)
        if backup.status not in REMOVABLE:
            return self._why_status(record, backup)
        if record.refusals >= REFUSALS_UNTIL_STUCK and self._was_asked_lately(record):
            refusal = f": {one_line(record.last_refusal)}" if record.last_refusal else ""
            return _Reason(f"Cinder refused {record.refusals} times to delete it{refusal}", is_problem=True)
        return None

    def _was_asked_lately(self, record: BackupRecord) -> bool:
        """Whether its removal was requested within a day; a time far in the future was written by a wrong clock."""
        asked = record.removal_asked
        return asked is not None and abs(self._now - asked) < timedelta(seconds=DAY)

    def _why_status(self, record: BackupRecord, backup: CloudBackup) -> _Reason:
        """Why a backup of another status stays; a status that should end by itself is no problem before the timeout."""
        timeout = self._settings.timeout_of(record.size)
        since = backup.updated_at or record.removal_asked
        passing = backup.status in (CinderStatus.DELETING, CinderStatus.RESTORING, CinderStatus.CREATING)
        if passing and (since is None or self._now - since <= timedelta(seconds=timeout)):
            return _Reason(f"it is {backup.status}")
        for_long = f" for longer than {duration(timeout)}" if passing else ""
        return _Reason(f"its status is {show(backup.status)}{for_long}, in which Cinder does not delete it", True)

    def _pin(self, record: BackupRecord) -> _Reason | None:
        """Whether a backup that is not recorded builds on it."""
        backup = self._backup(record)
        if not backup.has_dependent_backups or backup.id in self._parents:
            return None
        pin = self._unknown_dependant(backup)
        named = f"backup {pin}" if pin else "a backup that is not listed"
        return _Reason(f"{named}, which is not one of ours, builds on it", is_problem=True, pinned_by=pin)

    def _unknown_dependant(self, backup: CloudBackup) -> str:
        """The id of an incremental backup whose parent is not recorded and that builds on this one, "" for none.

        Cinder states no parents in its listings; it takes the newest backup that is there as the parent.
        """
        others = sorted(self._inventory.backups_of[self._volume_id], key=data_time)
        later = [each for each in others if data_time(each) > data_time(backup)]
        for each in later:
            recorded = self._by_backup_id.get(each.id)
            if each.is_incremental and (recorded is None or recorded.parent_id is None):
                return each.id
        return ""
