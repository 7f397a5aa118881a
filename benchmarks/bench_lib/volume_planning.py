"""volume_planning.py VOLUMES BACKUPS: plan the backups of a large cloud in memory, and print what that took, as JSON.

A process of its own, so that its peak of memory is that of listings, records and plans alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fiwareglancesync.openstack.cloud_model import (
    CloudAccount,
    CloudBackup,
    Listing,
    Project,
    Server,
    ServiceState,
    Volume,
)
from fiwareglancesync.volumes.backup_adoption import resolve_unknown
from fiwareglancesync.volumes.backup_marks import marks_of
from fiwareglancesync.volumes.backup_retention import expiring_volumes, plan_retention
from fiwareglancesync.volumes.volume_inventory import VolumeInventory
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from fiwareglancesync.volumes.volume_plan import plan_volumes, volumes_to_read

T = TypeVar("T")

NOW = datetime(2026, 3, 10, 22, 0, tzinfo=timezone.utc)
ACCOUNT = CloudAccount("a" * 32, "backup", "b" * 32)
SETTINGS = VolumeSettings(retention=9 * 86400, backup_window=(22 * 60, 6 * 60), timezone="Europe/Madrid")
VOLUMES_OF_A_PROJECT = 100
DEPTH = SETTINGS.full_backup_depth + 1


def main() -> int:
    """Plan, and print the CPU that it took and the memory."""
    volumes, backups = int(sys.argv[1]), int(sys.argv[2])
    inventory, records = make_cloud(volumes, backups)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.process_time()
    plan = plan_volumes(inventory, records, SETTINGS, NOW)
    retention = plan_retention(inventory, records, plan.marked, SETTINGS, NOW)
    unknown = resolve_unknown(records, inventory, SETTINGS)
    read = volumes_to_read(plan, records) | expiring_volumes(inventory, records, plan.marked, SETTINGS, NOW)
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {
        "entries": len(plan.entries), "beginning": len(plan.beginning), "removals": len(retention.removals),
        "kept": len(retention.kept), "later": len(retention.later), "unknown": len(unknown), "read": len(read),
    }  # fmt: skip
    print(json.dumps({"cpu": cpu, "peak": peak, "before": before, **found}))
    return 0


def make_cloud(count: int, backups: int) -> tuple[VolumeInventory, list[BackupRecord]]:
    """Servers with two volumes each, and chains of daily backups of them; half of the volumes are due.

    :param count: of volumes
    :param backups: of each volume
    """
    volumes = [
        Volume(_id("volume", number), f"volume-{number}", _project_id(number), "in-use", 50) for number in range(count)
    ]
    servers = [
        Server(_id("server", number), f"server-{number}", volumes[2 * number].project_id, {"backup": "yes"},
               tuple(volume.id for volume in volumes[2 * number : 2 * number + 2]))
        for number in range(count // 2)
    ]  # fmt: skip
    projects = [Project(id, f"project-{id[:8]}", "default", "Default") for id in {each.project_id for each in volumes}]
    records = [
        record
        for number, volume in enumerate(volumes)
        for record in _history(volume, servers[min(number // 2, len(servers) - 1)], number, backups)
    ]
    parents = {record.parent_id for record in records}
    listed = [_listed(record, has_dependants=record.backup_id in parents) for record in records]
    inventory = VolumeInventory(
        ACCOUNT,
        [ServiceState("cinder-backup", f"host-{number}", True) for number in range(4)],
        _whole(projects),
        _whole(servers),
        _whole(volumes),
        _whole(listed),
    )
    return inventory, records


def _history(volume: Volume, server: Server, number: int, count: int) -> Iterator[BackupRecord]:
    parent = None
    for index in range(count):
        due = NOW - timedelta(days=count - index, minutes=-(number % 2) * 60)
        is_full = index % DEPTH == 0
        backup_id = _id("backup", number * count + index)
        ended = due + timedelta(minutes=20)
        yield BackupRecord(
            _id("record", number * count + index), volume.project_id, "Default/project", server.id, server.name,
            volume.id, volume.name, due, BackupType.FULL if is_full else BackupType.INCREMENTAL, RecordState.GOOD,
            f"{server.name}_{volume.name}_{due:%Y%m%dT%H%M%SZ}", 86400, SETTINGS.retention, volume.size, due, ended,
            backup_id, None if is_full else parent, ended + timedelta(seconds=SETTINGS.retention), reported=True,
        )  # fmt: skip
        parent = backup_id


def _listed(record: BackupRecord, *, has_dependants: bool) -> CloudBackup:
    begun = record.begun or record.due
    return CloudBackup(
        str(record.backup_id), record.name, record.project_id, ACCOUNT.user_id, record.volume_id, "available",
        record.size, record.type is BackupType.INCREMENTAL, has_dependants, begun, metadata=marks_of(record, begun),
        host="host-1", data_timestamp=begun, updated_at=record.finished,
    )  # fmt: skip


def _whole(items: list[T]) -> Listing[T]:
    return Listing(items, True, "", NOW)


def _project_id(number: int) -> str:
    """The project of a volume."""
    return _id("project", number // VOLUMES_OF_A_PROJECT, 32)


def _id(kind: str, number: int, length: int = 36) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))[:length]


if __name__ == "__main__":
    sys.exit(main())
