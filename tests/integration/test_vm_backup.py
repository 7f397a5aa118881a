"""Backups of virtual machines on real gluster and libvirt (vms 2): the slave boots, whatever the file says."""

from __future__ import annotations

from pathlib import Path

import pytest
from devcloud_lib.gluster import counter_program, node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE

from fiwareglancesync.vms.planning.vm_result import Result
from tests.support.vm_demands import demand_backup, demand_merged
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

STATUS = {"pause": "Paused", "stop": "Stopped"}
"""How gluster calls a session that was left so."""


@pytest.fixture
def nodes(root: Path, tmp_path: Path) -> VmNodes:
    """The two nodes of the development cloud, with guests that count."""
    return VmNodes(running_gluster(root), tmp_path)


def demand_whole_run(nodes: VmNodes, *words: str) -> str:
    """Do a run, which is whole; what it printed."""
    code, printed, expected = nodes.back_up_watched(*words)
    assert code == 0, printed
    demand_backup(nodes, expected)
    demand_merged(nodes)
    assert nodes.journals()[-1].result == Result.SUCCESS.value
    return printed


def test_the_slave_holds_exactly_what_the_snapshots_held_and_boots(nodes: VmNodes) -> None:
    demand_whole_run(nodes)
    [guest, *_] = nodes.guests
    assert nodes.counter_of(guest) > counter_program.counter(nodes.restored(guest))
    assert nodes.counts_after_boot(guest)
    code, printed_status = nodes.call("status")
    assert (code, "consistent as of" in printed_status) == (0, True)


def test_a_volume_without_shards_is_backed_up_too(nodes: VmNodes) -> None:
    nodes.volume, nodes.slave = "plain", "plain-copy"
    demand_whole_run(nodes)


@pytest.mark.parametrize("end", ["pause", "stop"])
def test_each_run_is_whole_however_the_session_ends(nodes: VmNodes, end: str) -> None:
    nodes.settings = {"replication": {"end": end}}
    # The second one resumes the session, which may copy nothing then; if so, the run stops and starts it.
    for _ in range(2):
        demand_whole_run(nodes)
        shown = node_commands.gluster(
            nodes.world, MASTER, "--xml", "volume", "geo-replication", nodes.volume, "status"
        )
        assert f"<status>{STATUS[end]}</status>" in shown


@pytest.mark.parametrize("volume", ["sharded", "plain"])
def test_the_slave_compares_its_files_itself_by_ssh(nodes: VmNodes, volume: str) -> None:
    nodes.volume, nodes.slave = volume, f"{volume}-copy"
    nodes.settings = {"slave": {"ssh": f"root@{SLAVE.host}"}}
    demand_whole_run(nodes)
    assert not node_commands.succeeds(nodes.world, SLAVE, "grep", "-q", "glancesync-vms-", "/proc/mounts")


@pytest.mark.parametrize("volume", ["sharded", "plain"])
def test_a_sampled_comparison_is_called_so(nodes: VmNodes, volume: str) -> None:
    nodes.volume, nodes.slave = volume, f"{volume}-copy"
    printed = demand_whole_run(nodes, "--verify", "sampled", "--report")
    assert "the layers on the slave are equal (sampled comparison)" in printed
    assert "Compared with the master: sampled" in printed


def test_guests_that_cannot_be_frozen_are_refused_if_that_is_required(nodes: VmNodes) -> None:
    nodes.volume, nodes.slave = "plain", "plain-copy"
    nodes.settings = {"snapshot": {"quiesce": "require"}}
    code, printed = nodes.back_up()
    assert code == 1
    for guest in nodes.guests:
        assert f"NOT CONSISTENT on the slave: {guest.name} ({guest.id}): its snapshot failed, or was late" in printed
    assert "no snapshot could be made, so nothing is replicated" in printed
    assert "Replication begins" not in printed
    demand_merged(nodes)
