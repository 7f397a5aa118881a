"""The daemon on a real cluster: killed, excluded, twice, with a silent OSD, on a full cluster (snapshots 1.5, 4)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from devcloud_lib.ceph.ceph_cluster import SNAPSHOTS, CephCluster

from fiwareglancesync.jobs.command_database import open_command_database
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.planning.snapshot_records import SnapshotRecords
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.ceph_clusters import POOL, real_world
from tests.support.ceph_troubles import filled, silent_osd
from tests.support.conditions import wait_for
from tests.support.programs import program

pytestmark = [pytest.mark.integration, pytest.mark.ceph, pytest.mark.slow]

SERVER = "11111111-0000-4000-8000-000000000000"
STRANGER = "hourly_20200101T000000Z"
TIMEOUT = 60
until = partial(wait_for, seconds=300.0, pause=0.5)
DAEMON_TIMEOUT = 5
"""Seconds: less than the monitors need to give up an OSD that is silent."""
ALL_HOURS = ",".join(map(str, range(24)))


class Bench:
    """A daemon as a process, which makes copies of two volumes of a server at each full minute that is set."""

    def __init__(self, cluster: CephCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.ceph = ClusterPort(str(cluster.config_file), SNAPSHOTS, TIMEOUT)
        with real_world(cluster) as world:
            self.images = [world.new_image() for _ in range(2)]
        names = {image.ref: image.name for image in self.ceph.images(POOL)}
        volumes = ",".join(names[ref].removeprefix("volume-") for ref in self.images)
        (folder / "servers.txt").write_text(f"{SERVER}\tacme\tweb\t{volumes}\n")
        (folder / "sched.yml").write_text(f"web: 9@{ALL_HOURS}\n")
        for image in self.images:
            self.ceph.create(image, STRANGER)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, minute: int, verb: str = "daemon") -> subprocess.Popen[bytes]:
        """Start a daemon, or another verb.

        :param minute: of each hour, at which copies are due
        """
        conf = self.folder / "glancesync.conf"
        conf.write_text(
            f"[main]\ndatabase = sqlite:///{self.folder}/state.db\n[snapshots]\n"
            f"schedule_file = {self.folder}/sched.yml\nserver_list = {self.folder}/servers.txt\n"
            f"log_file = {self.folder}/log\nceph_conf = {self.cluster.config_file}\nceph_timeout = {DAEMON_TIMEOUT}\n"
            f"minute = {minute}\n"
        )
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "GLANCESYNC_"))}
        words = [sys.executable, "-m", "fiwareglancesync.sync", "snapshots", verb, "--conf", str(conf)]
        self.processes.append(
            subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        return self.processes[-1]

    def log(self) -> str:
        """What the daemons have written."""
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def ours(self) -> list[list[str]]:
        """The names of our snapshots of each image."""
        return [[each.name for each in self.ceph.snapshots(image)][1:] for image in self.images]

    def records(self) -> SnapshotRecords:
        """What is recorded."""
        engine = open_command_database(f"sqlite:///{self.folder}/state.db")
        try:
            return SnapshotStore(engine, self.ceph.fsid).read()
        finally:
            engine.dispose()

    def is_recorded(self) -> bool:
        """Whether exactly our snapshots are recorded."""
        recorded = sorted(copy.name for copy in self.records().copies)
        return recorded == sorted(name for names in self.ours() for name in names)


@pytest.fixture
def bench(cluster: CephCluster, tmp_path: Path) -> Iterator[Bench]:
    """A daemon; afterwards what strangers have is there, and what is ours is recorded."""
    made = Bench(cluster, tmp_path)
    yield made
    for process in made.processes:
        process.terminate()  # its locks are free then
        process.wait()
    for image in made.images:
        assert made.ceph.snapshots(image)[0].name == STRANGER
    made.ceph.close()


def next_minute(after: float = 20.0) -> int:
    """The minute that begins so many seconds from now, or a little later."""
    return (datetime.now(timezone.utc) + timedelta(seconds=after, minutes=1)).minute


def test_a_daemon_that_is_killed_is_followed_by_one_that_goes_on(bench: Bench) -> None:
    minute = next_minute()
    first = bench.start(minute)
    until(lambda: any(bench.ours()), "a first copy")
    first.kill()
    first.wait()
    second = bench.start(minute)
    until(lambda: "the lock snapmanager-daemon" in bench.log(), "the lock")  # that of the first one
    until(lambda: [len(names) for names in bench.ours()] == [1, 1] and bench.is_recorded(), "copies")
    second.send_signal(signal.SIGTERM)
    assert second.wait(120) in (0, 143)


def test_a_second_daemon_ends_and_says_whose_the_cluster_is(bench: Bench) -> None:
    bench.start((datetime.now(timezone.utc) - timedelta(minutes=10)).minute)
    until(lambda: " is in force" in bench.log() and bool(bench.records().jobs), "the schedule")
    second = bench.start(0)
    assert second.wait(120) == 1
    assert bench.processes[0].poll() is None


def test_an_excluded_daemon_makes_a_new_connection(bench: Bench) -> None:
    bench.start(next_minute(30))
    until(lambda: " is in force" in bench.log() and bool(bench.records().jobs), "the schedule")
    conf = ["-c", str(bench.cluster.config_file), "-n", "client.admin"]
    locks = subprocess.run(
        [program("rados"), *conf, "-p", POOL, "lock", "info", f"snapmanager-daemon.{bench.ceph.fsid}", "snapmanager"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    address = locks.split('"addr":"')[1].split('"')[0]
    subprocess.run([program("ceph"), *conf, "osd", "blocklist", "add", address, "600"], check=True)
    until(lambda: [len(names) for names in bench.ours()] == [1, 1] and bench.is_recorded(), "copies")
    assert bench.processes[0].poll() is None


def test_a_silent_osd_costs_no_slot(bench: Bench) -> None:
    bench.start(next_minute(10))
    until(lambda: " is in force" in bench.log() and bool(bench.records().jobs), "the schedule")
    with silent_osd(bench.cluster):
        until(lambda: re.search("did not answer|imed out|next try", bench.log()), "a time-out")
    until(lambda: all(bench.ours()) and bench.is_recorded(), "copies")
    assert bench.processes[0].poll() is None


def test_a_full_cluster_gets_no_copy_and_loses_excess_and_the_next_slot_is_taken(bench: Bench) -> None:
    for _ in range(3):
        assert bench.start(0, "run").wait(120) == 0
    before = bench.ours()
    assert [len(names) for names in before] == [3, 3]
    first = bench.start((datetime.now(timezone.utc) - timedelta(minutes=10)).minute)  # its lock needs an object
    until(lambda: " is in force" in bench.log() and bool(bench.records().jobs), "the schedule")
    first.send_signal(signal.SIGTERM)
    assert first.wait(120) == 0
    with filled(bench.cluster, "OSD_FULL"):
        daemon = bench.start(next_minute())
        until(lambda: bench.log().count(": the cluster reports OSD_FULL, POOL_FULL") >= 3, "a warning, two failures")
        assert bench.ours() == before
        (bench.folder / "sched.yml").write_text(f"web: 1@{ALL_HOURS}\n")
        newest = [names[-1:] for names in before]
        until(lambda: bench.ours() == newest and bench.is_recorded(), "the removal of excess")
        assert daemon.poll() is None
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(120) == 0
    daemon = bench.start(next_minute())
    until(lambda: [len(names) for names in bench.ours()] == [1, 1] and bench.ours() != newest, "the next copies")
    until(bench.is_recorded, "their records")
    assert daemon.poll() is None
