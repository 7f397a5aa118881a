"""What a cluster does not allow, or does not report, on a real one: full, without manager, slow (snapshots 4.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from devcloud_lib.ceph.ceph_cluster import CephCluster

from tests.support.ceph_troubles import filled, trimming_slowly, wait_for_check, without_manager
from tests.support.departing_volumes import STRANGERS, Departing

pytestmark = [pytest.mark.integration, pytest.mark.ceph]

Call: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

LOW = "web: 1@2\n"


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server with a volume; afterwards what strangers have is as it was."""
    made = Departing(cluster, tmp_path, timeout=3)
    made.add_volume(*STRANGERS)
    yield made
    made.check_strangers()
    made.close()


@pytest.fixture
def run(world: Departing, capsys: pytest.CaptureFixture[str]) -> Call:
    """A call of ``run``: its exit code, the actions of its rows, and the lines on standard error."""

    def call(*words: str) -> tuple[int, list[str], list[str]]:
        code = world.command("run", "--format", "json", *words)
        output = capsys.readouterr()
        rows = json.loads(output.out) if output.out else []
        return code, [row["action"] for row in rows], output.err.splitlines()

    return call


@pytest.mark.slow
def test_a_nearly_full_cluster_gets_no_snapshot_and_loses_excess(
    world: Departing, run: Call, cluster: CephCluster
) -> None:
    for _ in range(3):
        run()
    with filled(cluster, "OSD_NEARFULL"):
        code, actions, lines = run()
        assert (code, actions) == (1, ["failed"])
        assert lines == ["WARNING:nothing is made in pool volumes: the cluster reports OSD_NEARFULL, POOL_NEARFULL"]
        (world.folder / "sched.yml").write_text(LOW)
        assert run("--prune")[:2] == (0, ["removed", "removed"])
    assert run()[:2] == (0, ["made", "removed"])


def test_a_full_cluster_lets_excess_go(world: Departing, run: Call, cluster: CephCluster) -> None:
    for _ in range(3):
        run()
    (world.folder / "sched.yml").write_text(LOW)
    with filled(cluster, "OSD_FULL"):
        code, actions, lines = run()
        assert (code, actions) == (1, ["failed", "removed", "removed"])
        assert lines == ["WARNING:nothing is made in pool volumes: the cluster reports OSD_FULL, POOL_FULL"]
    assert run()[:2] == (0, ["made", "removed"])


@pytest.mark.slow
def test_without_a_manager_runs_go_on_with_one_warning(run: Call, world: Departing, cluster: CephCluster) -> None:
    run()
    with without_manager(cluster):
        code, actions, lines = run()
        assert (code, actions) == (0, ["made"])
        assert lines == ["WARNING:how full the cluster is now, is not known: it reports MGR_DOWN"]
        (world.folder / "sched.yml").write_text(LOW)
        assert run("--prune")[:2] == (0, ["removed"])
        assert run("--dry-run")[0] == world.command("status") == world.command("list") == 0


@pytest.mark.slow
def test_nothing_is_removed_while_the_cluster_frees_space_slowly(
    run: Call, world: Departing, cluster: CephCluster
) -> None:
    (world.folder / "sched.yml").write_text(LOW)
    run()
    with trimming_slowly(cluster):
        assert run()[:2] == (0, ["made", "removed"])
        wait_for_check(cluster, "PG_SLOW_SNAP_TRIMMING")
        warning = "WARNING:nothing is removed: the cluster reports PG_SLOW_SNAP_TRIMMING"
        assert run() == (0, ["made"], [warning])
        assert run("--server", "web") == (0, ["made"], [warning])
        assert run("--prune") == (0, [], [warning])
    assert run()[:2] == (0, ["made", "removed", "removed", "removed"])
