"""Locks of images on a real cluster: whose they are, and which of them are broken (snapshots 5.3)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.ceph import ceph_programs
from devcloud_lib.ceph.ceph_cluster import SNAPSHOTS, CephCluster
from devcloud_lib.waiting import wait_for

from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_errors import CephError
from fiwareglancesync.snapshots.ceph.cluster_lock import LOCK_SECONDS
from fiwareglancesync.snapshots.ceph.earlier_clients import ATTRIBUTE
from tests.support.departing_volumes import POOL, STRANGERS, Departing
from tests.support.stopped_snapshots import KILLED, REACHED, STOPPED, start

pytestmark = [pytest.mark.integration, pytest.mark.ceph, pytest.mark.slow]

TIMEOUT = 3
LATER = 30.0
"""Seconds: much more than a lock lasts beyond its time."""

GUEST = """
import sys
from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings
rados, rbd = load_bindings()
with rados.Rados(conffile=sys.argv[1], rados_id="cinder") as cluster, cluster.open_ioctx("volumes") as pool:
    with rbd.Image(pool, sys.argv[2]) as image:
        for line in ["first", "second"]:
            image.write(line.encode(), 0)
            image.flush()
            print(line, flush=True)
            sys.stdin.readline()
"""
"""A virtual machine that writes to its disk, twice."""


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server with two volumes; afterwards what strangers have is as it was, and exactly ours is recorded."""
    made = Departing(cluster, tmp_path, timeout=TIMEOUT)
    for _ in range(2):
        made.add_volume(*STRANGERS)
    (tmp_path / "sched.yml").write_text("web: 1@2\n")
    yield made
    made.check_strangers()
    assert made.recorded() == made.listed()
    made.close()


@contextmanager
def silent_guest(world: Departing) -> Iterator[None]:
    """A virtual machine that has the disk of the first volume and stops; afterwards it goes on and writes."""
    command = [sys.executable, "-c", GUEST, str(world.cluster.config_file), f"volume-{world.volumes[0]}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as guest:
        assert guest.stdin is not None
        assert guest.stdout is not None
        assert guest.stdout.readline() == "first\n"
        guest.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            guest.send_signal(signal.SIGCONT)
        guest.stdin.write("\n\n")
        guest.stdin.flush()
        assert guest.stdout.readline() == "second\n"
    assert guest.returncode == 0


def lockers(world: Departing, volume: str) -> list[tuple[str, str, str]]:
    """Client, cookie and address of each holder of the lock of a volume's image."""
    with world.open_image(volume) as image:
        found: Any = image.list_lockers()
    return list(found["lockers"]) if found else []


def test_a_guest_that_does_not_answer_keeps_its_disk(world: Departing) -> None:
    with silent_guest(world):
        assert world.command("run") == 1
    world.command("run")  # finds what was made late, perhaps


def test_a_guest_keeps_its_disk_although_an_earlier_client_had_its_number(world: Departing) -> None:
    world.command("run")
    with silent_guest(world):
        [guest] = lockers(world, world.volumes[0])
        number, nonce = guest[0].removeprefix("client."), int(guest[2].rpartition("/")[2])
        noted = f"{number} {number}/{nonce + 1}"  # monitors that lost their data give numbers again
        ceph_programs.run(world.cluster, "rados", "-p", POOL, "setxattr", world.lock_name, ATTRIBUTE, noted)
        assert world.command("run") == 1
        assert lockers(world, world.volumes[0]) == [guest]
    world.command("run")


def test_only_who_has_the_lock_of_the_cluster_breaks_one_that_an_earlier_process_left(world: Departing) -> None:
    process = start("after create", KILLED, world.write_configuration(), "run")
    process.communicate()
    world.end_lock()
    volume = next(each for each in world.volumes if lockers(world, each))
    left, image = lockers(world, volume), world.images[volume]
    first, second = (ClusterPort(str(world.cluster.config_file), SNAPSHOTS, TIMEOUT) for _ in range(2))
    first.lock(POOL, world.lock_name, "first", LOCK_SECONDS)
    world.end_lock()
    second.lock(POOL, world.lock_name, "second", LOCK_SECONDS)
    with pytest.raises(CephError):
        first.create(image, "of-the-first")
    assert lockers(world, volume) == left
    second.create(image, "of-the-second")
    names = world.names(volume)
    second.remove(image, next(each.id for each in second.snapshots(image) if each.name == "of-the-second"))
    second.unlock(POOL, world.lock_name)
    for each in (first, second):
        each.close()
    assert [name for name in names if name.startswith("of-")] == ["of-the-second"]
    world.command("run")


@pytest.mark.parametrize("point", ["after create", "before remove"])
def test_a_run_that_stopped_for_longer_than_its_lock_takes_nothing_from_its_successor(
    world: Departing, tmp_path_factory: pytest.TempPathFactory, point: str
) -> None:
    assert world.command("run") == 0
    process = start(
        point, STOPPED, world.write_configuration(), "run", locks=tmp_path_factory.mktemp("another-machine")
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{REACHED}\n"
    assert wait_for(lambda: not world.lock_holders(), LOCK_SECONDS + LATER)
    assert world.command("run") == 0  # breaks the locks of the images that the process has
    made = world.listed()
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=LATER * TIMEOUT)
    assert process.returncode == 1, errors
    assert world.recorded() == world.listed() == made
    assert world.command("run") == 0
