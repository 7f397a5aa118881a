"""volume_cycles.py FOLDER VOLUMES BACKUPS: do two cycles of a conductor in a large cloud, and print what they took.

The cloud is a stand-in in a process of its own. It makes a backup at once, and waiting takes no time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_lib.volume_cloud import SETTINGS
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.volumes.execution.cycle_order import CycleCounts, CycleOrder
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.shared_clock import SharedClock
from fiwareglancesync.volumes.state.volume_database import open_volume_database
from fiwareglancesync.volumes.volume_region import TUNING, VolumeRegion
from tests.support.stand_ins.cloud_stand_in import PASSWORD

CYCLES = 2
LASTS = 60.0
"""Seconds in which a cycle begins backups: a look every 5 seconds."""

SERVER = Path(__file__).with_name("volume_server.py")
ANY_TIME = replace(SETTINGS, backup_window=None, max_running_per_host=SETTINGS.max_running)

CountRequests = Callable[[], dict[str, int]]
"""The requests since the last call, by kind."""


class _SkippedTime:
    """Seconds that only grow; waiting adds to them, and takes no time."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def wait(self, seconds: float) -> None:
        self._skipped += seconds


def main() -> int:
    """Do the cycles."""
    folder, volumes, backups = sys.argv[1:]
    database = f"sqlite:///{folder}/volumes.db"
    with _served(database, volumes, backups) as (address, count_requests):
        print(json.dumps(_cycles(address, database, count_requests)))
    return 0


@contextmanager
def _served(database: str, volumes: str, backups: str) -> Iterator[tuple[str, CountRequests]]:
    """The cloud, with records of its backups in a database: the address of Keystone, and what counts requests."""
    words = [sys.executable, str(SERVER), database, volumes, backups]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        asked, said = server.stdin, server.stdout
        if asked is None or said is None:
            raise OSError("the cloud has no pipes")

        def count_requests() -> dict[str, int]:
            print(file=asked, flush=True)
            found: dict[str, int] = json.loads(said.readline())
            return found

        yield said.readline().strip(), count_requests
        asked.close()


def _cycles(address: str, database: str, count_requests: CountRequests) -> list[dict[str, Any]]:
    moment = _SkippedTime()
    began = datetime.now(timezone.utc) - timedelta(seconds=moment())
    clock = SharedClock(lambda: began + timedelta(seconds=moment()), moment)
    credential = Credential(auth_url=address, username="backups", password=PASSWORD, project_name="backups")
    cloud = OpenStackBackups(credential, tuning=TUNING, clock=clock.now)
    region = VolumeRegion(cloud, open_volume_database(database), clock, ANY_TIME)
    counts, found = CycleCounts(), []
    with region.cycles(counts, moment.wait) as cycle:
        for _ in range(CYCLES):
            cpu, wall = time.process_time(), time.monotonic()
            cycle.run(CycleOrder(seconds=LASTS))
            spent = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall, "good": counts.good}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            found.append({**spent, "problems": counts.problems, "peak": peak, "requests": count_requests()})
            moment.wait(ANY_TIME.cycle)
    return found


if __name__ == "__main__":
    sys.exit(main())
