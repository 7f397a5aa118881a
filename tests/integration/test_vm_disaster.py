"""The master fails while files are copied: the former backup boots, and what comes back is whole (vms 2.0)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from devcloud_lib.gluster import gluster_lifecycle, gluster_world, node_commands, node_start
from devcloud_lib.gluster.gluster_volumes import session
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, VOLUMES
from devcloud_lib.gluster.guest_seed import seed_guests, virsh
from devcloud_lib.waiting import wait_for

from fiwareglancesync.vms.backup_journal import SlaveState
from tests.support.cloud import running_cloud
from tests.support.vm_demands import demand_backup, demand_merged, demand_named, good
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

SLAVES = ("sharded-copy", "sharded-other")
GENERATIONS = {"generations": {"method": "alternate", "alternate": SLAVES[1]}}
SLOW = "-a --bwlimit=256"
"""For rsync: how many KiB a second it copies at most. Gluster takes a first word with two dashes for one of its own."""

BULK = "bulk"
BULK_MIB = 16
COPIED_BYTES = 2**20
"""What has to be on the slave volume when the master fails: by far not all."""

KILL_GLUSTER = """\
for each in /proc/[0-9]*; do
  case $(cat $each/comm) in glusterd|glusterfsd) kill -9 ${each#/proc/};; esac
done
"""
"""Not the clients, glusterfs, which are the same program by another name."""

SECONDS = 300.0


class Site:
    """The two nodes, between which files go slowly.

    :param folder: of the development cloud
    """

    def __init__(self, folder: Path, nodes: VmNodes) -> None:
        self.folder = folder
        self.nodes = nodes
        self.slave = SLAVES[1]

    def slow_down(self) -> None:
        """Have much to copy, and little bandwidth."""
        mount = self.nodes.world.mount(MASTER, self.nodes.volume)
        words = ("if=/dev/urandom", f"of={mount / BULK}", "bs=1M", f"count={BULK_MIB}", "conv=fsync")
        node_commands.run(self.nodes.world, MASTER, "dd", *words)
        self._configure("rsync-options", SLOW)

    def speed_up(self) -> None:
        """Copy as fast as before."""
        self._configure("!rsync-options")
        bulk = self.nodes.world.mount(MASTER, self.nodes.volume) / BULK
        node_commands.run(self.nodes.world, MASTER, "rm", "-f", bulk)

    def copied(self) -> int:
        """The bytes that the brick of the slave volume takes."""
        files = self.nodes.world.brick(SLAVE, self.slave).rglob("*")
        return sum(found.st_blocks * 512 for found in map(Path.lstat, files))

    def run_that_copies(self) -> subprocess.Popen[str]:
        """A run that has begun to copy."""
        before = self.copied()
        process = self.nodes.start(*self.nodes.backup_words())
        assert wait_for(
            lambda: self.copied() > before + COPIED_BYTES or process.poll() is not None, SECONDS
        ), "nothing is copied"
        assert process.poll() is None, process.communicate()[0]
        return process

    def switch_off(self) -> None:
        """Power failure of the master."""
        gluster_lifecycle.stop_named(self.folder, [MASTER.name])
        self._reload()

    def switch_on(self) -> None:
        """Power on the master, and its guests."""
        gluster_lifecycle.start_named(self.folder, [MASTER.name], print)
        seed_guests(self.folder, print)
        self._reload()

    def end_gluster(self) -> None:
        """Kill gluster's server and the bricks of the master."""
        node_commands.run(self.nodes.world, MASTER, "sh", "-c", KILL_GLUSTER)

    def start_gluster(self) -> None:
        """Start them, and let guests go on that their hypervisor has paused because they could not write."""
        world = self.nodes.world
        node_commands.detach(world, MASTER, world.home(MASTER) / "glusterd.out", "glusterd")
        assert wait_for(lambda: node_start.answers(world, MASTER), SECONDS)
        for volume in VOLUMES:
            node_commands.gluster(world, MASTER, "volume", "start", volume.name, "force")
            mount = world.mount(MASTER, volume.name)
            assert wait_for(partial(node_commands.succeeds, world, MASTER, "mountpoint", "-q", mount), SECONDS)
        for guest in self.nodes.guests:
            assert wait_for(partial(self._goes_on, guest.name), SECONDS)

    def _goes_on(self, name: str) -> bool:
        node_commands.attempt(self.nodes.world, MASTER, "virsh", "-q", "-c", "qemu:///system", "resume", name)
        return virsh(self.nodes.world, "domstate", name).strip() == "running"

    def _configure(self, *words: str) -> None:
        [volume] = [each for each in VOLUMES if each.name == self.nodes.volume]
        node_commands.gluster(self.nodes.world, MASTER, *session(volume, self.slave), "config", *words)

    def _reload(self) -> None:
        self.nodes.world = gluster_world.load(self.folder)


@pytest.fixture
def site(root: Path, tmp_path: Path) -> Iterator[Site]:
    """The two nodes; what a test has ended runs again afterwards."""
    nodes = VmNodes(running_gluster(root), tmp_path, settings=GENERATIONS)
    made = Site(running_cloud(root).parent, nodes)
    yield made
    made.switch_on()
    made.speed_up()


def test_a_power_failure_of_the_master_leaves_the_former_backup_and_the_next_run_is_whole(site: Site) -> None:
    nodes = site.nodes
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    site.slow_down()
    process = site.run_that_copies()
    site.switch_off()
    assert process.wait() == -signal.SIGKILL
    demand_backup(nodes, held)
    assert nodes.counts_after_boot(nodes.guests[0])
    assert good(nodes).keys() == {SLAVES[0]}
    site.switch_on()
    demand_named(nodes)
    demand_backup(nodes, held)
    site.speed_up()
    code, printed = nodes.call("recover")
    assert code == 0, printed
    demand_merged(nodes)
    demand_backup(nodes, held)
    assert nodes.journals()[-1].slave_state is SlaveState.TORN
    code, printed, newer = nodes.back_up_watched()
    assert code == 0, printed
    demand_backup(nodes, newer, SLAVES[1])
    demand_backup(nodes, held)


def test_without_gluster_a_run_leaves_the_snapshots_and_the_former_backup(site: Site) -> None:
    nodes = site.nodes
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    site.slow_down()
    process = site.run_that_copies()
    site.end_gluster()
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "are not merged: geo-replication could be neither paused nor stopped" in printed
    demand_backup(nodes, held)
    assert nodes.counts_after_boot(nodes.guests[0])
    code, printed = nodes.call("recover")
    assert code == 1, printed
    site.start_gluster()
    demand_named(nodes)
    site.speed_up()
    code, printed, newer = nodes.back_up_watched()
    assert code == 0, printed
    demand_merged(nodes)
    demand_backup(nodes, newer, SLAVES[1])
    demand_backup(nodes, held)
