"""How well each volume is protected by its backups (volumes 3.7). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import takewhile

from ...openstack.cloud_model import Server
from ..drill_model import DrillRecord, DrillState, decided_drills
from ..volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from .backup_chain import PRESENT, by_volume, chain_of
from .backup_window import BackupWindow, window_of
from .server_metadata import MarkedVolume
from .volume_inventory import VolumeInventory


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
    """There are good backups by the records, but of each a part of the chain is not there, or a drill has failed."""

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
    :param why: the reason of the last failure, or what is not there; and why nothing can be done in the project
    :param last_drill: of a backup of the volume, with an outcome; None for none
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
    last_drill: DrillRecord | None = None


def volume_statuses(
    inventory: VolumeInventory,
    records: Iterable[BackupRecord],
    marked: Mapping[str, MarkedVolume],
    settings: VolumeSettings,
    now: datetime,
    drills: Iterable[DrillRecord] = (),
) -> Sequence[VolumeStatus]:
    """Judge all volumes that are backed up.

    :param records: all that have not been removed
    :param marked: the volumes that are backed up, by id
    :param now: in UTC
    :param drills: what restore drills of their backups found
    """
    histories, window = by_volume(records), window_of(settings)
    drilled = decided_drills(drills)
    return [
        _judge(each, histories.get(volume_id, ()), drilled.get(volume_id, ()), inventory, settings, window, now)
        for volume_id, each in marked.items()
    ]


def _judge(
    marked: MarkedVolume,
    history: Sequence[BackupRecord],
    drills: Sequence[DrillRecord],
    inventory: VolumeInventory,
    settings: VolumeSettings,
    window: BackupWindow | None,
    now: datetime,
) -> VolumeStatus:
    chains = _chains(history)
    chain = newest_restorable(history, inventory)
    last = chain[0] if chain else None
    failures = _failures(history)
    protection, why = Protection.OK, failures[0].reason if failures else ""
    if last is None and chains:
        protection, why = Protection.UNRESTORABLE, _what_is_missing(chains[0], inventory)
    elif (failed := _failed_drill(chain, drills)) is not None:
        protection = Protection.UNRESTORABLE
        why = f"a drill could not restore backup {failed.backup_id}: {failed.reason}"
    elif failures:
        protection = Protection.FAILING
    elif last is None:
        protection = Protection.NEVER
    elif _late_from(last, marked, settings, window) <= now:
        protection = Protection.LATE
    volume = marked.volume
    reasons = filter(None, (why, inventory.why_untouchable(volume.project_id)))
    return VolumeStatus(
        volume.project_id, marked.servers[0], volume.id, volume.name, protection, last, len(chain), len(failures),
        "; ".join(reasons), max(drills, key=lambda drill: drill.begun, default=None),
    )  # fmt: skip


def newest_restorable(history: Sequence[BackupRecord], inventory: VolumeInventory) -> Sequence[BackupRecord]:
    """The newest backup of a volume that can be restored, and what it builds on, the full one last; empty for none.

    :param history: its records, by due time, the oldest first
    """
    return next((chain for chain in _chains(history) if _is_restorable(chain, inventory)), [])


def _chains(history: Sequence[BackupRecord]) -> Sequence[Sequence[BackupRecord]]:
    """The chains of the good backups of a volume, that of the newest first."""
    by_backup_id = {record.backup_id: record for record in history if record.backup_id}
    return [list(chain_of(record, by_backup_id)) for record in reversed(history) if record.is_good]


def _failed_drill(chain: Sequence[BackupRecord], drills: Sequence[DrillRecord]) -> DrillRecord | None:
    """The last drill of a part of a chain, when it has failed."""
    parts = {record.backup_id for record in chain}
    last = max((drill for drill in drills if drill.backup_id in parts), key=lambda drill: drill.begun, default=None)
    return last if last is not None and last.state is DrillState.FAILED else None


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
