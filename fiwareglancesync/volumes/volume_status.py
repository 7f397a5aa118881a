"""How well each volume is protected by its backups (volumes 3.7). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import takewhile

from ..openstack.cloud_model import Server
from .backup_chain import PRESENT, by_volume, chain_of
from .backup_window import BackupWindow, window_of
from .server_metadata import MarkedVolume
from .volume_inventory import VolumeInventory
from .volume_model import BackupRecord, BackupType, RecordState, VolumeSettings


class Protection(Enum):
    """How well a volume is protected."""

    OK = "ok"
    LATE = "late"
    """The next backup after the last good one has been due for longer than it should take."""

    NEVER = "never"
    """There is no good backup, and none has failed."""

    FAILING = "failing"
    """The backups since the last good one have failed."""

    UNRESTORABLE = "unrestorable"
    """There are good backups by the records, but of each a part of the chain is not there."""

    @property
    def rank(self) -> int:
        """The worse, the higher."""
        return list(Protection).index(self)


@dataclass(frozen=True, slots=True)
class VolumeStatus:
    """How well a volume is protected.

    :param server: the one whose name its backups have
    :param last_good: the newest backup that can be restored, None for none
    :param chain: how many backups that one consists of
    :param failures: how many have failed since
    :param why: the reason of the last failure, or what is not there
    """

    project_id: str
    server: Server
    volume_id: str
    volume_name: str
    protection: Protection
    last_good: BackupRecord | None = None
    chain: int = 0
    failures: int = 0
    why: str = ""


def volume_statuses(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    marked: Mapping[str, MarkedVolume],
    settings: VolumeSettings,
    now: datetime,
) -> Sequence[VolumeStatus]:
    """Judge all volumes that are backed up.

    :param records: all that have not been removed
    :param marked: the volumes that are backed up, by id
    :param now: in UTC
    """
    histories, window = by_volume(records), window_of(settings)
    return [
        _judge(each, histories.get(volume_id, ()), inventory, settings, window, now)
        for volume_id, each in marked.items()
    ]


def _judge(
    marked: MarkedVolume,
    history: Sequence[BackupRecord],
    inventory: VolumeInventory,
    settings: VolumeSettings,
    window: BackupWindow | None,
    now: datetime,
) -> VolumeStatus:
    by_backup_id = {record.backup_id: record for record in history if record.backup_id}
    chains = [list(chain_of(record, by_backup_id)) for record in reversed(history) if record.is_good]
    chain = next((chain for chain in chains if _is_restorable(chain, inventory)), [])
    last = chain[0] if chain else None
    failures = _failures(history)
    protection, why = Protection.OK, failures[0].reason if failures else ""
    if last is None and chains:
        protection, why = Protection.UNRESTORABLE, _what_is_missing(chains[0], inventory)
    elif failures:
        protection = Protection.FAILING
    elif last is None:
        protection = Protection.NEVER
    elif _late_from(last, marked, settings, window) <= now:
        protection = Protection.LATE
    volume = marked.volume
    return VolumeStatus(
        volume.project_id, marked.servers[0], volume.id, volume.name, protection, last, len(chain), len(failures), why
    )


def _failures(history: Sequence[BackupRecord]) -> Sequence[BackupRecord]:
    """The failed backups since the last good one, the newest first."""
    ended = [record for record in reversed(history) if not record.is_unfinished]
    recent = takewhile(lambda record: not record.is_good, ended)
    return [record for record in recent if record.state is RecordState.FAILED]


def _late_from(
    last: BackupRecord, marked: MarkedVolume, settings: VolumeSettings, window: BackupWindow | None
) -> datetime:
    """When the backup after the last good one should have ended: as long after its due time as it may take."""
    interval = timedelta(seconds=marked.interval)
    due = last.due + interval
    allowed = min(interval, timedelta(seconds=settings.timeout_of(marked.volume.size)))
    return (due if window is None else window.next_opening(due)) + allowed


def _is_restorable(chain: Sequence[BackupRecord], inventory: VolumeInventory) -> bool:
    return chain[-1].type is BackupType.FULL and all(
        record.is_good and _is_there(record, inventory) for record in chain
    )


def _is_there(record: BackupRecord, inventory: VolumeInventory) -> bool:
    """Whether a backup is in the listing, or ended after that was made."""
    if (record.finished or record.due) >= inventory.backups_read(record.volume_id):
        return True
    backup = inventory.backup_by_id.get(record.backup_id or "")
    return backup is not None and backup.status in PRESENT


def _what_is_missing(chain: Sequence[BackupRecord], inventory: VolumeInventory) -> str:
    for record in chain:
        if not record.is_good or not _is_there(record, inventory):
            return f"backup {record.backup_id} is not there, or not usable"
    return f"what backup {chain[-1].backup_id} builds on is not recorded"
