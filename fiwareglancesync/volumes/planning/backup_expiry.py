"""When backups expire, and which of a volume's are kept all the same (volumes 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ...openstack.cloud_model import CloudBackup
from ..volume_model import BackupRecord, RecordState, VolumeSettings
from .backup_chain import CinderStatus, chain_of, failed_drill, is_whole
from .backup_schedule import ONE_SECOND

RESTORABLE = frozenset({CinderStatus.AVAILABLE.value})
"""Statuses of backups that count as good when others are removed."""


def new_expiry(record: BackupRecord, retention: int | None, *, may_shrink: bool) -> datetime | None:
    """When a backup expires, as its volume's retention is now.

    :param retention: seconds, None when its volume is not backed up any more: then nothing changes
    :param may_shrink: whether a shorter retention has an effect
    :return: None for a backup that has not succeeded
    """
    if record.state is not RecordState.GOOD or record.finished is None:
        return None
    fixed = record.expires or record.finished + timedelta(seconds=record.retention)
    if retention is None:
        return fixed
    wished = record.finished + timedelta(seconds=retention)
    # A database may return a time that differs by a microsecond from the one it got.
    is_other = abs(wished - fixed) >= ONE_SECOND and (wished > fixed or may_shrink)
    return wished if is_other else fixed


def has_expired(record: BackupRecord, expires: datetime | None, now: datetime) -> bool:
    """Whether a backup may go, as far as its time says: a failed one, when its report is stored.

    :param expires: of the backup
    :param now: in UTC
    """
    if record.state is RecordState.FAILED:
        return record.reported
    return record.state is RecordState.GOOD and expires is not None and expires <= now


def good_ones(history: Sequence[BackupRecord], backups: Mapping[str, CloudBackup]) -> Sequence[BackupRecord]:
    """The backups of a volume whose chains are whole, the newest first; at the end those that failed a restore drill.

    :param history: its records, the oldest first
    :param backups: by Cinder's id
    """
    by_backup_id = {record.backup_id: record for record in history if record.backup_id}
    chains = [list(chain_of(record, by_backup_id)) for record in reversed(history) if record.is_good]
    whole = [chain for chain in chains if is_whole(chain, backups, RESTORABLE)]
    return [chain[0] for chain in sorted(whole, key=lambda chain: failed_drill(chain) is not None)]


def kept_beyond(
    history: Sequence[BackupRecord],
    expiries: Mapping[str, datetime | None],
    backups: Mapping[str, CloudBackup],
    settings: VolumeSettings,
    now: datetime,
    *,
    volume_exists: bool,
) -> Mapping[str, str]:
    """Expired backups of a volume that are kept, with the reason: id of the record → why.

    :param history: its records, the oldest first
    :param expiries: by id of the record
    :param backups: by Cinder's id
    :param now: in UTC
    :param volume_exists: whether the volume is there, in any project
    """
    found = {}
    for number, record in enumerate(good_ones(history, backups)[: max(settings.keep_at_least, 1)]):
        if volume_exists:
            if number < settings.keep_at_least:
                found[record.id] = f"it is one of the last {settings.keep_at_least} good backups of its volume"
        elif number == 0:
            until = (expiries[record.id] or now) + timedelta(seconds=settings.keep_after_deletion)
            if until > now:
                found[record.id] = f"the last good backup of a volume that is gone is kept until {until:%F %H:%M}Z"
    return found | {record.id: "an operator holds it" for record in history if record.held}
