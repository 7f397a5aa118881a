"""The gluster of the development cloud: what ``--with gluster`` adds, and that it ends again, on a cloud of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.gluster import counter_program, gluster_world, node_commands
from devcloud_lib.gluster.gluster_volumes import session
from devcloud_lib.gluster.gluster_world import MASTER, NODES, SLAVE, VOLUMES, GlusterWorld
from devcloud_lib.gluster.guest_seed import GUESTS, Guest, disk_file, virsh
from devcloud_lib.waiting import wait_for

from tests.support.cloud import missing
from tests.support.own_cloud import OwnCloud, own_cloud

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

CHECKPOINT_SECONDS = 120.0
YES = "<checkpoint_completed>Yes</checkpoint_completed>"


@pytest.fixture(scope="module")
def cloud(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    """A running cloud with gluster and guests."""
    if os.geteuid() != 0:
        missing("gluster needs root")
    with own_cloud(root, tmp_path_factory.mktemp("clouds") / "cloud", "--with", "gluster") as made:
        made.do("seed", "--with", "gluster")
        yield made


@pytest.fixture
def world(cloud: OwnCloud) -> GlusterWorld:
    return gluster_world.load(cloud.folder)


def content(world: GlusterWorld, node: gluster_world.Node, file: Path) -> bytes:
    """The first bytes of a disk, as the guest sees them; a guest may use it."""
    raw = world.home(node) / "disk.raw"
    node_commands.run(world, node, "qemu-img", "convert", "-U", "-O", "raw", file, raw)
    with raw.open("rb") as opened:
        return opened.read(counter_program.READ_BYTES)


def replicate(world: GlusterWorld, volume: gluster_world.Replicated) -> bool:
    """Replicate a volume up to a checkpoint that is set now; whether it is complete soon."""
    words = session(volume, volume.slaves[0])
    node_commands.gluster(world, MASTER, *words, "config", "checkpoint", "now")
    # What has to come after the second of the checkpoint; an idle volume never completes it.
    time.sleep(1.1)
    node_commands.run(world, MASTER, "touch", world.mount(MASTER, volume.name))
    node_commands.gluster(world, MASTER, *words, "start")
    try:
        return wait_for(
            lambda: YES in node_commands.gluster(world, MASTER, "--xml", *words, "status", "detail"),
            CHECKPOINT_SECONDS,
        )
    finally:
        node_commands.gluster(world, MASTER, *words, "stop")


def test_its_nodes_are_up_and_named_in_the_environment(cloud: OwnCloud, world: GlusterWorld) -> None:
    assert {name: cloud.states()[name] for name in NODES} == dict.fromkeys(NODES, "up")
    assert f"export GLANCESYNC_DEVCLOUD_NODE={world.script}" in cloud.do("env")


def test_the_guests_count(world: GlusterWorld) -> None:
    guest = GUESTS[0]
    before = counter_program.counter(content(world, MASTER, disk_file(world, guest)))
    assert wait_for(
        lambda: counter_program.counter(content(world, MASTER, disk_file(world, guest))) > before, 30.0
    )


@pytest.mark.parametrize("volume", VOLUMES, ids=lambda volume: volume.name)
def test_what_a_snapshot_holds_arrives_at_the_slave(
    world: GlusterWorld, volume: gluster_world.Replicated, tmp_path: Path
) -> None:
    guest: Guest = next(each for each in GUESTS if each.volume == volume.name)
    file = disk_file(world, guest)
    overlay = file.with_name("4d000000-0000-4000-8000-000000000009")
    snapshot = tmp_path / "snapshot.xml"
    snapshot.write_text(
        "<domainsnapshot><name>run</name><disks><disk name='vda' snapshot='external'>"
        f"<source file='{overlay}'/></disk></disks></domainsnapshot>"
    )
    virsh(world, "snapshot-create", guest.name, snapshot, "--disk-only", "--atomic", "--no-metadata")
    expected = content(world, MASTER, file)
    assert counter_program.is_whole(expected)
    assert replicate(world, volume)
    found = content(world, SLAVE, world.mount(SLAVE, volume.slaves[0]) / guest.folder / guest.layer)
    assert counter_program.counter(found) == counter_program.counter(expected)
    assert found == expected
    virsh(world, "blockcommit", guest.name, "vda", "--active", "--pivot", "--wait")


def test_a_second_up_changes_nothing(cloud: OwnCloud, world: GlusterWorld) -> None:
    cloud.do("up")
    assert gluster_world.load(cloud.folder).processes == world.processes


def test_a_node_that_is_switched_off_is_started_again_with_its_volumes(cloud: OwnCloud, world: GlusterWorld) -> None:
    cloud.do("kill", SLAVE.name)
    assert cloud.states()[SLAVE.name] == "down"
    cloud.do("start", SLAVE.name)
    assert cloud.states()[SLAVE.name] == "up"
    again = gluster_world.load(cloud.folder)
    assert node_commands.succeeds(again, SLAVE, "mountpoint", "-q", again.mount(SLAVE, "plain-copy"))


def test_down_ends_both_nodes_and_nothing_of_the_machine_is_touched(cloud: OwnCloud, world: GlusterWorld) -> None:
    pids = [process.pid for process in gluster_world.load(cloud.folder).processes.values()]
    cloud.do("down")
    assert len(pids) == len(NODES)
    assert not any(os.path.exists(f"/proc/{pid}/exe") for pid in pids)
    assert str(world.folder) not in Path("/proc/mounts").read_text(encoding="utf-8")
    assert not Path("/var/lib/glusterd/vols/sharded").exists()
