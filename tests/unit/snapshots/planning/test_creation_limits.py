"""When nothing is made, and when nothing is removed (snapshots 4.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import ClusterHealth, Namespace, SeenSnapshot, Usage
from fiwareglancesync.snapshots.planning.creation_limits import (
    Verdict,
    judge_number,
    judge_room,
    room_warnings,
    why_nothing_is_removed,
)


@pytest.mark.parametrize(
    ("count", "is_refused", "is_warned"),
    [(399, False, False), (400, False, True), (449, False, True), (450, True, False)],
)
def test_an_image_has_at_most_450_snapshots_of_all_kinds(count: int, is_refused: bool, is_warned: bool) -> None:
    verdict = judge_number([SeenSnapshot(number, "x", Namespace.MIRROR) for number in range(count)])
    assert (bool(verdict.refusal), bool(verdict.warning)) == (is_refused, is_warned)


@pytest.mark.parametrize(
    ("cluster", "pool", "refusal"),
    [
        ((84, 100), (10, 100), ""),
        ((85, 100), (10, 100), "the cluster is 85% full; from 85% on nothing is made"),
        ((10, 100), (99, 100), "the pool volumes is 99% full; from 85% on nothing is made"),
    ],
)
def test_nothing_is_made_when_there_is_little_room(
    cluster: tuple[int, int], pool: tuple[int, int], refusal: str
) -> None:
    health = ClusterHealth(cluster=Usage(*cluster), pools={"volumes": Usage(*pool)})
    assert judge_room(health, "volumes", 0.85) == Verdict(refusal)


@pytest.mark.parametrize("check", ["OSD_NEARFULL", "POOL_NEAR_FULL", "OSD_FULL", "POOL_FULL", "OSD_BACKFILLFULL"])
def test_nothing_is_made_when_the_cluster_reports_that_it_fills(check: str) -> None:
    health = ClusterHealth(frozenset({check, "OSD_DOWN"}), Usage(1, 100), {"volumes": Usage(1, 100)})
    assert judge_room(health, "volumes", 0.85).refusal == f"the cluster reports {check}"


def test_a_total_of_0_is_not_known_and_reported() -> None:
    verdict = judge_room(ClusterHealth(), "volumes", 0.85)
    assert verdict.refusal == ""
    assert verdict.warning == "how full the cluster and the pool volumes is, is not known: no ceph-mgr reports it"


def test_without_a_manager_usage_is_that_of_another_time_and_reported() -> None:
    health = ClusterHealth(frozenset({"MGR_DOWN"}), Usage(1, 100), {"volumes": Usage(1, 100)})
    assert judge_room(health, "volumes", 0.85) == Verdict(
        "", "how full the cluster is now, is not known: it reports MGR_DOWN"
    )
    full = replace(health, cluster=Usage(90, 100))
    assert judge_room(full, "volumes", 0.85).refusal == "the cluster is 90% full; from 85% on nothing is made"


def test_what_limits_pools_is_reported_once() -> None:
    health = ClusterHealth(frozenset({"MGR_DOWN"}), Usage(1, 100), {"a": Usage(1, 100), "b": Usage(99, 100)})
    assert room_warnings(health, ["c", "b", "a"], 0.85) == [
        "how full the cluster is now, is not known: it reports MGR_DOWN",
        "nothing is made in pool b: the pool b is 99% full; from 85% on nothing is made",
    ]


def test_removals_pause_while_the_cluster_does_not_keep_up() -> None:
    health = ClusterHealth(frozenset({"PG_SLOW_SNAP_TRIMMING"}))
    assert why_nothing_is_removed(health, has_jumped=False) == "the cluster reports PG_SLOW_SNAP_TRIMMING"
    assert "clock" in why_nothing_is_removed(ClusterHealth(), has_jumped=True)
    assert why_nothing_is_removed(ClusterHealth(), has_jumped=False) == ""
