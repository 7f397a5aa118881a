"""Runs on a real cluster that a signal ends, or that are killed at each of their writes (snapshots 1.3, 4.3)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from devcloud_lib.ceph.ceph_cluster import CephCluster

from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.departing_volumes import STRANGERS, Departing
from tests.support.stopped_snapshots import KILLED, REACHED, SIGNALLED, start

pytestmark = [pytest.mark.integration, pytest.mark.ceph]

LONGEST = 10.0
"""Much less than the time limit of a request, and much more than a busy machine needs to end a process."""


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server with two volumes; afterwards what strangers have is as it was, and exactly ours is recorded."""
    made = Departing(cluster, tmp_path)
    for _ in range(2):
        made.add_volume(*STRANGERS)
    yield made
    made.check_strangers()
    assert made.recorded() == made.listed()
    made.close()


@pytest.mark.parametrize("words", [("run",), ("daemon", "--force-scheduled-snapshots")], ids=["run", "force"])
def test_a_signal_ends_a_run_at_once_although_a_request_is_not_answered(
    world: Departing, cluster: CephCluster, words: tuple[str, ...]
) -> None:
    world.timeout = 30
    osd = cluster.processes["ceph-osd"].pid
    process = start("before create", osd, world.write_configuration(), *words)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{REACHED}\n"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
        assert time.monotonic() - began < LONGEST
    finally:
        os.kill(osd, signal.SIGCONT)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.splitlines()[-1] == (
        "ERROR:Interrupted; what was requested of Ceph, and not answered, is settled by the next run; "
        "the lock of the cluster is free after a minute."
    )
    world.free_lock()
    open_ones = SnapshotStore(world.engine, world.ceph.fsid).read().intents
    assert open_ones
    world.command("run")  # what appeared is recorded
    assert world.recorded() == world.listed()


def test_a_signal_ends_a_run_between_two_requests_and_the_lock_is_free(world: Departing) -> None:
    process = start("before create", SIGNALLED, world.write_configuration(), "run")
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    end = "ERROR:Interrupted; what was done is recorded, and the lock of the cluster is free."
    assert errors.splitlines()[-1] == end
    assert SnapshotStore(world.engine, world.ceph.fsid).read().intents == []
    assert world.command("run") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lock", "begin", "create", "snapshots", "remove", "unlock"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_osd_that_stops_at_a_step_loses_no_copy_and_nothing_of_others(
    world: Departing, cluster: CephCluster, when: str, name: str
) -> None:
    world.timeout = 3
    world.add_foreign(world.volumes[0])
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    assert world.command("run") == 0
    osd = cluster.processes["ceph-osd"].pid
    process = start(f"{when} {name}", osd, world.write_configuration(), "run")
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{REACHED}\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(2 * world.timeout)  # a request fails for want of an answer meanwhile
    finally:
        os.kill(osd, signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 1)
    world.free_lock()
    world.command("run")
    assert world.recorded() == world.listed()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keep_images", "keep_jobs", "begin", "create", "made", "remove", "close"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_at_a_write_is_followed_by_one_that_goes_on(
    world: Departing, when: str, name: str
) -> None:
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    if name not in ("keep_images", "keep_jobs"):
        assert world.command("run") == 0
    process = start(f"{when} {name}", KILLED, world.write_configuration(), "run")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    world.free_lock()
    world.command("run")  # also where the killed process left a lock on an image
    assert world.recorded() == world.listed()
    open_ones = {intent.volume_id for intent in SnapshotStore(world.engine, world.ceph.fsid).read().intents}
    assert bool(open_ones) is ((when, name) in [("after", "begin"), ("before", "create")])
    kept = [volume for volume, _ in world.listed()]
    assert all(kept.count(volume) == 1 for volume in world.volumes if volume not in open_ones)
    assert all(kept.count(volume) <= 2 for volume in open_ones)
