"""snapshot_planning.py VOLUMES COPIES: plan the snapshots of a large cloud in memory, and print what it took, as JSON.

A process of its own, so that its peak of memory is that of schedule, records and plans alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, ImageState
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits, plan_excess
from fiwareglancesync.snapshots.planning.snapshot_jobs import Jobs, make_jobs
from fiwareglancesync.snapshots.planning.snapshot_plan import JobState, plan_snapshots
from fiwareglancesync.snapshots.planning.uncovered_copies import find_uncovered
from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from fiwareglancesync.snapshots.schedule.server_match import match_servers
from fiwareglancesync.snapshots.schedule.snapshot_spec import Spec, Times
from fiwareglancesync.snapshots.snapshot_model import Copy, Instance

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
GRACE, DAY = timedelta(hours=6), timedelta(days=1)
VOLUMES_OF_A_SERVER = 4
GENERAL = Spec(5, frozenset(range(5)), frozenset({6, 11, 15, 19}))


def main() -> int:
    """Plan, and print the CPU that it took and the memory."""
    volumes, copies = int(sys.argv[1]), int(sys.argv[2])
    servers = [_server(number) for number in range(volumes // VOLUMES_OF_A_SERVER)]
    began = time.process_time()
    jobs = _jobs(servers)
    reading = time.process_time() - began
    states = {key: JobState(str(job.calendar), NOW - 9 * DAY, NOW - DAY) for key, job in jobs.by_key.items()}
    began = time.process_time()
    plan = plan_snapshots(jobs.by_key.values(), states, (), NOW, GRACE)
    tick = time.process_time() - began
    records = [copy for job in jobs.by_key.values() for copy in _copies(job.volume_id, job.key.set_name, copies)]
    instances = _instances(servers, jobs, copies)
    began = time.process_time()
    images = {copy.image: ImageState.LIVE for copy in records}
    inventory = InventoryRecord(NOW, True, {copy.volume_id: VolumeLocation() for copy in records})
    uncovered = find_uncovered(records, jobs.by_key, images, inventory, {}, NOW)
    excess = plan_excess(jobs.by_key, records, instances, uncovered, RemovalLimits(), NOW, prune=True)
    removal = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {"reading": reading, "tick": tick, "removal": removal, "peak": peak}
    print(json.dumps({**found, "due": len(plan.due), "excess": len(excess.removals)}))
    return 0


def _server(number: int) -> ListedServer:
    volumes = tuple(f"volume-{number * VOLUMES_OF_A_SERVER + index}" for index in range(VOLUMES_OF_A_SERVER))
    return ListedServer(f"server-{number}", "project", f"web-{number}", volumes)


def _jobs(servers: list[ListedServer]) -> Jobs:
    """The jobs of a schedule file that names every second server."""
    lines = [
        f"{server.name}: ['7@{number % 24},{(number + 5) % 24}', 4@sun@{number % 24}]\n"
        for number, server in enumerate(servers[::2])
    ]
    schedule = read_schedule("".join(lines).encode())
    entries = match_servers(schedule.entries, servers).entries
    images = {id: ImageRef("volumes", id) for server in servers for id in server.volume_ids}
    return make_jobs(servers, entries, GENERAL, images, Times())


def _copies(volume_id: str, set_name: str, count: int) -> list[Copy]:
    image = ImageRef("volumes", volume_id)
    return [
        Copy(image, number, f"{set_name}_{number}", set_name, volume_id, NOW - (count - number) * DAY)
        for number in range(count)
    ]


def _instances(servers: list[ListedServer], jobs: Jobs, count: int) -> list[Instance]:
    sets = {(job.server_ids[0], key.set_name) for key, job in jobs.by_key.items()}
    volumes = {server.id: frozenset(server.volume_ids) for server in servers}
    return [
        Instance(server_id, set_name, NOW - (count - number) * DAY, volumes[server_id])
        for server_id, set_name in sets
        for number in range(count)
    ]


if __name__ == "__main__":
    sys.exit(main())
