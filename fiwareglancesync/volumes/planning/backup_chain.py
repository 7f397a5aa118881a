"""Whether the next backup of a volume is full or incremental, and the chains of incremental ones (volumes 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import takewhile

from ...openstack.cloud_model import CloudBackup, Volume
from ..volume_model import BackupRecord, BackupType, RecordState


class CinderStatus(str, Enum):
    """The statuses of backups and volumes that rules name; Cinder has more."""

    AVAILABLE = "available"
    IN_USE = "in-use"
    BACKING_UP = "backing-up"
    CREATING = "creating"
    DELETING = "deleting"
    ERROR = "error"
    RESTORING = "restoring"


PRESENT = frozenset({CinderStatus.AVAILABLE.value, CinderStatus.RESTORING.value})
"""Statuses of a backup that can be restored, now or when another restore has ended."""


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """What the next backup of a volume is to be.

    :param type: None when that is not known before a restore has ended
    :param why: the reason
    """

    type: BackupType | None
    why: str


def choose_type(
    volume: Volume,
    history: Sequence[BackupRecord],
    backups: Iterable[CloudBackup],
    user_id: str,
    depth: int,
) -> TypeChoice:
    """Decide whether the next backup of a volume is full.

    :param history: the volume's records, by due time, the oldest first
    :param backups: the volume's backups, anybody's
    :param user_id: of our account
    :param depth: incremental backups after a full one
    """
    usable = [backup for backup in backups if backup.project_id == volume.project_id]
    available = [backup for backup in usable if backup.status == CinderStatus.AVAILABLE]
    newest = max(available, key=data_time, default=None)
    why = _why_full(volume, history, newest, depth)
    if why:
        return TypeChoice(BackupType.FULL, why)
    if newest is None:
        if any(backup.status == CinderStatus.RESTORING for backup in usable):
            return TypeChoice(None, "its only backups are being restored")
        return TypeChoice(BackupType.FULL, "it has no available backup")
    why = _why_no_parent(newest, history, {backup.id: backup for backup in usable}, user_id)
    if why:
        return TypeChoice(BackupType.FULL, why)
    return TypeChoice(BackupType.INCREMENTAL, f"it is number {_number(newest, history)} after a full backup")


def by_volume(records: Iterable[BackupRecord]) -> Mapping[str, Sequence[BackupRecord]]:
    """The records of each volume, by due time, the oldest first."""
    found: dict[str, list[BackupRecord]] = {}
    for record in records:
        found.setdefault(record.volume_id, []).append(record)
    for history in found.values():
        history.sort(key=lambda record: record.due)
    return found


def data_time(backup: CloudBackup) -> tuple[datetime, str]:
    """The order of backups by their content: Cinder builds an incremental one on the newest.

    :param backup: of one volume
    """
    return backup.data_timestamp or backup.created_at, backup.id


def chain_of(record: BackupRecord, by_backup_id: Mapping[str, BackupRecord]) -> Iterator[BackupRecord]:
    """A record and those that it builds on, as far as they are recorded, the full one last.

    :param by_backup_id: records by Cinder's id
    """
    seen: set[str] = set()
    following: BackupRecord | None = record
    while following is not None and following.id not in seen:
        seen.add(following.id)
        yield following
        following = by_backup_id.get(following.parent_id or "")


def is_whole(
    chain: Sequence[BackupRecord], backups: Mapping[str, CloudBackup], statuses: Collection[str] = PRESENT
) -> bool:
    """Whether a chain ends in a full backup, and all of it is good and there.

    :param chain: what ``chain_of`` gives
    :param backups: by Cinder's id
    :param statuses: which statuses of backups count
    """
    return chain[-1].type is BackupType.FULL and all(
        record.is_good and _status(record, backups) in statuses for record in chain
    )


def failed_drill(chain: Sequence[BackupRecord]) -> BackupRecord | None:
    """The part of a chain that a restore drill could not restore, None for none."""
    return next((record for record in chain if record.drill_failed), None)


def _status(record: BackupRecord, backups: Mapping[str, CloudBackup]) -> str:
    """Cinder's status of a backup, "" when it is not there."""
    backup = backups.get(record.backup_id or "")
    return "" if backup is None else backup.status


def _why_full(volume: Volume, history: Sequence[BackupRecord], newest: CloudBackup | None, depth: int) -> str:
    """The first rule that asks for a full backup whatever the chain is like, "" for none."""
    good = [record for record in history if record.is_good]
    if not good:
        return "it is the first backup"
    if not any(record.type is BackupType.FULL for record in good[max(len(good) - depth, 0) :]):
        return "full_backup_depth is reached"
    if newest is not None and volume.size > newest.size:
        return "the volume has grown"
    if any(record.state is RecordState.FAILED and record.backup_id for record in _after_last_good(history)):
        return "the last backup ended in an error"
    return ""


def _after_last_good(history: Sequence[BackupRecord]) -> Iterator[BackupRecord]:
    return takewhile(lambda record: not record.is_good, reversed(history))


def _why_no_parent(
    newest: CloudBackup, history: Sequence[BackupRecord], backups: Mapping[str, CloudBackup], user_id: str
) -> str:
    """Why the newest available backup, which Cinder would take as the parent, must not be it, "" when it may."""
    by_backup_id = {record.backup_id: record for record in history if record.backup_id}
    record = by_backup_id.get(newest.id)
    if record is None or newest.user_id != user_id:
        return f"the newest backup, {newest.id}, is not ours"
    chain = list(chain_of(record, by_backup_id))
    if not is_whole(chain, backups):
        return f"the chain of the newest backup, {newest.id}, is not whole"
    failed = failed_drill(chain)
    return "" if failed is None else f"a drill could not restore backup {failed.backup_id}"


def _number(newest: CloudBackup, history: Sequence[BackupRecord]) -> int:
    """Which incremental backup of its chain the next one is."""
    by_backup_id = {record.backup_id: record for record in history if record.backup_id}
    return sum(1 for _ in chain_of(by_backup_id[newest.id], by_backup_id))
