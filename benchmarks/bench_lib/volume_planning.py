"""volume_planning.py VOLUMES BACKUPS: plan the backups of a large cloud in memory, and print what that took, as JSON.

A process of its own, so that its peak of memory is that of listings, records and plans alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_lib.volume_cloud import SETTINGS, LargeCloud, make_cloud
from fiwareglancesync.openstack.cloud_model import CloudAccount, Listing, ServiceState
from fiwareglancesync.volumes.planning.backup_adoption import resolve_unknown
from fiwareglancesync.volumes.planning.backup_retention import expiring_volumes, plan_retention
from fiwareglancesync.volumes.planning.volume_inventory import VolumeInventory
from fiwareglancesync.volumes.planning.volume_plan import plan_volumes, volumes_to_read

T = TypeVar("T")

NOW = datetime(2026, 3, 10, 22, 0, tzinfo=timezone.utc)
ACCOUNT = CloudAccount("a" * 32, "backup", "b" * 32)


def main() -> int:
    """Plan, and print the CPU that it took and the memory."""
    volumes, backups = int(sys.argv[1]), int(sys.argv[2])
    cloud = make_cloud(volumes, backups, ACCOUNT.user_id, NOW)
    inventory, records = _inventory(cloud), cloud.records
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.process_time()
    plan = plan_volumes(inventory, records, SETTINGS, NOW)
    retention = plan_retention(inventory, records, plan.marked, SETTINGS, NOW)
    unknown = resolve_unknown(records, inventory, SETTINGS)
    read = {
        **volumes_to_read(plan, records), **expiring_volumes(inventory, records, plan.marked, SETTINGS, NOW)
    }  # fmt: skip
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {
        "entries": len(plan.entries), "beginning": len(plan.beginning), "removals": len(retention.removals),
        "kept": len(retention.kept), "later": len(retention.later), "unknown": len(unknown), "read": len(read),
    }  # fmt: skip
    print(json.dumps({"cpu": cpu, "peak": peak, "before": before, **found}))
    return 0


def _inventory(cloud: LargeCloud) -> VolumeInventory:
    return VolumeInventory(
        ACCOUNT,
        [ServiceState("cinder-backup", f"host-{number}", True) for number in range(4)],
        _whole(cloud.projects),
        _whole(cloud.servers),
        _whole(cloud.volumes),
        _whole(cloud.backups),
    )


def _whole(items: list[T]) -> Listing[T]:
    return Listing(items, True, "", NOW)


if __name__ == "__main__":
    sys.exit(main())
