"""Which backup came of a request whose outcome is not known (volumes 4). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from ...openstack.cloud_model import CloudBackup
from ..volume_model import BackupRecord, RecordState, VolumeSettings
from .backup_chain import CinderStatus
from .backup_marks import TASK_KEY
from .volume_inventory import MAX_CLOCK_DIFFERENCE, VolumeInventory


class RequestOutcome(Enum):
    """What is known of a request."""

    FOUND = "found"
    """Its backup is there, and is adopted."""

    OPEN = "open"
    """It may still come to something."""

    LOST = "lost"
    """Nothing came of it: the volume is due again at its next due time."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is known of the request that a record is about.

    :param backup: the one that is adopted, None unless it is found
    :param why: the reason, for people
    """

    record: BackupRecord
    outcome: RequestOutcome
    backup: CloudBackup | None = None
    why: str = ""


def resolve_unknown(
    records: Sequence[BackupRecord], inventory: VolumeInventory, settings: VolumeSettings
) -> Sequence[Resolution]:
    """Find the backups of requests with an unknown outcome, and late ones of requests that were given up as lost.

    :param records: all that have not been removed
    :return: one for each record that is being created, and for each lost one whose backup is there after all
    """
    unknown = [record for record in records if _is_unknown(record)]
    if not unknown:
        return []
    known = {record.backup_id for record in records if record.backup_id}
    ids: set[str | None] = {record.id for record in records}
    candidates = {record.id: _candidates(record, inventory, settings, known, ids) for record in unknown}
    shared = Counter(backup.id for found in candidates.values() for backup in found)
    resolutions = (_resolve(record, candidates[record.id], shared, inventory, settings) for record in unknown)
    return [each for each in resolutions if each is not None]


def _is_unknown(record: BackupRecord) -> bool:
    return record.state is RecordState.CREATING or (record.state is RecordState.LOST and record.backup_id is None)


def _candidates(
    record: BackupRecord,
    inventory: VolumeInventory,
    settings: VolumeSettings,
    known: Collection[str],
    ids: Collection[str | None],
) -> Sequence[CloudBackup]:
    """The backups that may be what came of a request; only the one with its task id, when there is one.

    :param known: Cinder's ids of backups that are recorded
    :param ids: of all records
    """
    ours = [
        backup
        for backup in inventory.backups_of.get(record.volume_id, ())
        if backup.user_id == inventory.account.user_id
        and backup.project_id == record.project_id
        and backup.id not in known
    ]
    named = [backup for backup in ours if backup.metadata.get(TASK_KEY) == record.id]
    if len(named) == 1:
        return named
    # A member may have removed or changed the task id; that of another record says that it belongs to that one.
    return [
        backup
        for backup in named or ours
        if _is_in_time(backup, record, inventory, settings) and (named or backup.metadata.get(TASK_KEY) not in ids)
    ]


def _is_in_time(
    backup: CloudBackup, record: BackupRecord, inventory: VolumeInventory, settings: VolumeSettings
) -> bool:
    """Whether a backup was made while the request was on its way, by the clock of the cloud."""
    begun = (record.begun or record.due) - timedelta(seconds=inventory.clock_difference)
    tolerance = timedelta(seconds=MAX_CLOCK_DIFFERENCE)
    return begun - tolerance <= backup.created_at <= begun + timedelta(seconds=settings.settle) + tolerance


def _resolve(
    record: BackupRecord,
    candidates: Sequence[CloudBackup],
    shared: Mapping[str, int],
    inventory: VolumeInventory,
    settings: VolumeSettings,
) -> Resolution | None:
    if len(candidates) == 1 and shared[candidates[0].id] == 1:
        return Resolution(record, RequestOutcome.FOUND, candidates[0])
    if record.state is RecordState.LOST:
        return None
    why = _why_open(record, inventory, settings)
    if why:
        return Resolution(record, RequestOutcome.OPEN, why=why)
    if candidates:
        named = ", ".join(backup.id for backup in candidates)
        return Resolution(record, RequestOutcome.LOST, why=f"which backup it made is not certain: {named}")
    return Resolution(record, RequestOutcome.LOST, why="Cinder did not answer, and made no backup")


def _why_open(record: BackupRecord, inventory: VolumeInventory, settings: VolumeSettings) -> str:
    """Why a request may still come to something, "" when it cannot."""
    settled = (record.begun or record.due) + timedelta(seconds=settings.settle)
    if not inventory.backups.is_whole:
        return f"the listing of backups is not whole: {inventory.backups.reason}"
    if inventory.backups_read(record.volume_id) <= settled:
        return "Cinder may still act on the request"
    volume = inventory.volume_by_id.get(record.volume_id)
    if volume is None and not inventory.volumes.is_whole:
        return f"the listing of volumes is not whole: {inventory.volumes.reason}"
    if volume is not None and volume.status == CinderStatus.BACKING_UP:
        return "the volume is backing-up"
    return ""
