"""Backups of virtual machines on real gluster and libvirt that end in the middle of each step (vms 2, 2.9).

The guests write all the time. Two slave volumes take turns, so that there is a consistent backup at every moment.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fiwareglancesync.vms.backup_journal import Journal, SlaveState
from fiwareglancesync.vms.planning.vm_result import Result
from tests.support.vm_demands import demand_backup, demand_merged, demand_named, good
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

SLAVES = ("sharded-copy", "sharded-other")
GENERATIONS = {"generations": {"method": "alternate", "alternate": SLAVES[1]}}

BEFORE_REPLICATION = ("after try_slave", "after keep", "before snapshot", "after snapshot", "after set_checkpoint")
"""PREFLIGHT, SELECT and SNAPSHOT: the slave holds what it held."""

IN_REPLICATION = ("after start", "before bring_to_rest", "after bring_to_rest")
"""REPLICATE: the checkpoint is not recorded as complete."""

COMPLETE = ("after mount 2", "after check", "before strip", "after unlink", "after strip 2", "after put_back")
"""CHECK and STRIP."""

IN_MERGE = ("after blockCommit", "after merge")
AT_END = ("before report_all",)


@dataclass
class Kept:
    """The backups that the slave volumes hold.

    :param runs: by the volume
    :param contents: of the disks, by the guest, by the volume
    """

    runs: Mapping[str, str]
    contents: Mapping[str, Mapping[str, bytes]]


def kept(nodes: VmNodes) -> Kept:
    """What the slave volumes hold now."""
    found = good(nodes)
    return Kept({slave: each.run for slave, each in found.items()}, {each: nodes.all_restored(each) for each in found})


@pytest.fixture(scope="module")
def nodes(root: Path, tmp_path_factory: pytest.TempPathFactory) -> VmNodes:
    """The two nodes of the development cloud; each slave volume holds a backup."""
    made = VmNodes(running_gluster(root), tmp_path_factory.mktemp("interrupted"), settings=GENERATIONS)
    for _ in SLAVES:
        code, printed = made.back_up()
        assert code == 0, printed
    assert good(made).keys() == set(SLAVES)
    return made


def demand_kept(nodes: VmNodes, before: Kept, *, written: str) -> None:
    """What the slave volumes held that the run does not write is there, and the program says so.

    :param written: the volume that it writes, "" for none
    """
    assert before.runs.keys() - {written}, "no consistent backup is left"
    for slave in before.runs.keys() - {written}:
        assert good(nodes)[slave].run == before.runs[slave]
        assert nodes.all_restored(slave) == before.contents[slave]


def last(nodes: VmNodes) -> tuple[Journal, str]:
    """The last run, and the slave volume that it writes."""
    found = nodes.journals()[-1]
    return found, found.slave.rpartition("::")[2]


@pytest.mark.parametrize("point", [*BEFORE_REPLICATION, *IN_REPLICATION, *COMPLETE, *IN_MERGE, *AT_END])
def test_after_a_kill_a_recovery_merges_and_finishes_what_was_complete(nodes: VmNodes, point: str) -> None:
    before = kept(nodes)
    code, printed, held = nodes.back_up_watched(point=point, sent="KILL")
    assert code == -signal.SIGKILL, printed
    journal, slave = last(nodes)
    is_untouched = point in BEFORE_REPLICATION
    demand_named(nodes)
    demand_kept(nodes, before, written="" if is_untouched else slave)
    assert all(map(nodes.counts, nodes.guests))
    code, printed = nodes.call("recover")
    assert code == 0, printed
    demand_merged(nodes)
    demand_kept(nodes, before, written="" if is_untouched else slave)
    [recovered] = [each for each in nodes.journals() if each.run == journal.run]
    if is_untouched:
        assert recovered.slave_state is SlaveState.UNTOUCHED
    elif point in IN_REPLICATION:
        assert recovered.slave_state is SlaveState.TORN
    else:
        assert recovered.slave_text == f"consistent as of {journal.run}"
        demand_backup(nodes, held, slave)
    assert recovered.result == (Result.SUCCESS if recovered.is_consistent else Result.FAILED).value


@pytest.mark.parametrize("point", [*BEFORE_REPLICATION, *IN_REPLICATION, *COMPLETE, *IN_MERGE])
def test_a_signal_ends_a_run_in_order(nodes: VmNodes, point: str) -> None:
    before = kept(nodes)
    code, printed, held = nodes.back_up_watched(point=point, sent="TERM")
    assert code == 128 + signal.SIGTERM, printed
    journal, slave = last(nodes)
    demand_merged(nodes)
    is_untouched = point in BEFORE_REPLICATION
    demand_kept(nodes, before, written="" if is_untouched else slave)
    if is_untouched:
        assert journal.slave_state is SlaveState.UNTOUCHED
    elif point not in IN_MERGE:
        assert journal.slave_state is SlaveState.TORN
    else:
        assert journal.slave_text == f"consistent as of {journal.run}"
        demand_backup(nodes, held, slave)
    code, printed = nodes.call("recover")
    assert code == 0
    assert "there is nothing to recover" in printed


def test_then_a_run_is_whole(nodes: VmNodes) -> None:
    before = kept(nodes)
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    _, slave = last(nodes)
    demand_merged(nodes)
    demand_backup(nodes, held, slave)
    demand_kept(nodes, before, written=slave)
    assert nodes.counts_after_boot(nodes.guests[0], slave)
