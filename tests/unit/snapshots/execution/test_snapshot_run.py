"""Runs make and remove exactly what they should, and never touch what is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata
from fiwareglancesync.snapshots.ceph.ceph_errors import Blocklisted, CephError, LockHeld, NameTaken, NoAnswer
from fiwareglancesync.snapshots.ceph.ceph_model import ClusterHealth, ImageRef, SeenSnapshot, Usage
from fiwareglancesync.snapshots.ceph.cluster_lock import ClusterLock, LockTooOld, OtherProcess, hold
from fiwareglancesync.snapshots.execution.run_limits import RunLimits
from fiwareglancesync.snapshots.planning.creation_limits import SLOW_TRIMMING
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits
from fiwareglancesync.snapshots.snapshot_events import (
    CopyClosed,
    CopyFailed,
    CopyKept,
    CopyMade,
    CopyRemoved,
    CopyUnknown,
    SnapshotWarning,
)
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from tests.support.kill_points import Killed, killed_at
from tests.support.snapshot_runs import HOUR, MINUTE, POOL, WEB, RunBench, image_of
from tests.support.stand_ins.ceph_stand_in import HEALTHY, CephStandIn

POINTS = (
    (SnapshotChanges, ("keep_jobs", "begin", "made", "unknown", "failed", "close", "drop")),
    (CephStandIn, ("create", "remove")),
)


@pytest.fixture
def bench(engine: Engine) -> Iterator[RunBench]:
    """A cluster; afterwards what strangers have is as it was."""
    made = RunBench(engine)
    yield made
    made.check_foreign()


def test_each_run_makes_a_copy_and_the_count_is_kept(bench: RunBench) -> None:
    for number in (1, 2, 3, 4):
        bench.run()
        assert {len(bench.ours(volume)) for volume in ("v1", "v2", "v3")} == {min(number, 2)}
    bench.check_recorded()
    assert bench.ours("v1") == ["daily_20260313T120000Z", "daily_20260314T120000Z"]
    assert (len(bench.happened(CopyMade)), len(bench.happened(CopyRemoved))) == (12, 6)
    assert len(bench.records().instances) == 4  # two of each server; those without copies are forgotten


def test_the_requests_of_a_server_are_recorded_before_the_first_of_them(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    create = CephStandIn.create

    def observed(self: CephStandIn, image: ImageRef, name: str) -> None:
        seen.append({intent.volume_id for intent in bench.records().intents})
        create(self, image, name)

    monkeypatch.setattr(CephStandIn, "create", observed)
    bench.run()
    assert seen == [{"v1", "v2"}, {"v1", "v2"}, {"v3"}]


def test_many_threads_make_the_same(engine: Engine) -> None:
    bench = RunBench(engine, limits=RunLimits(max_parallel=8))
    for _ in range(3):
        bench.run()
    bench.check_recorded()
    bench.check_foreign()
    assert {len(bench.ours(volume)) for volume in ("v1", "v2", "v3")} == {2}


def test_of_an_image_that_cannot_be_listed_nothing_is_requested(bench: RunBench) -> None:
    with bench.opened() as run:
        bench.cluster.is_silent = True
        run.take(list(bench.jobs.by_key.values()))
    assert bench.happened(CopyMade) == []
    assert {job.problem for job in bench.records().jobs.values()} == {"the cluster does not answer"}
    assert (bench.records().intents, bench.cluster.late) == ([], [])
    bench.cluster.is_silent = False


def test_an_unanswered_request_stays_open_until_its_snapshot_appears(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = CephStandIn.create

    def unanswered(self: CephStandIn, image: ImageRef, name: str) -> None:
        bench.cluster.late.append((image, name))
        raise NoAnswer("no answer")

    monkeypatch.setattr(CephStandIn, "create", unanswered)
    bench.run()
    monkeypatch.setattr(CephStandIn, "create", create)
    assert len(bench.happened(CopyUnknown)) == len(bench.records().intents) == 3
    bench.run(MINUTE)
    assert bench.ours("v1") == []  # while it is open, nothing is requested again
    bench.cluster.let_appear()
    bench.run(MINUTE)
    bench.check_recorded()
    assert len(bench.ours("v1")) == 2
    assert bench.records().intents == []


def test_an_unanswered_request_of_which_nothing_comes_fails_after_an_hour(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(self: CephStandIn, image: ImageRef, name: str) -> None:
        raise NoAnswer("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(CephStandIn, "create", unanswered)
        bench.run()
    bench.run(2 * HOUR)
    assert {event.why for event in bench.happened(CopyFailed)} == {"the snapshot did not appear"}
    assert len(bench.ours("v1")) == 1
    bench.check_recorded()


def test_several_sets_of_an_image_are_made_by_threads_each_once(engine: Engine) -> None:
    bench = RunBench(engine, limits=RunLimits(max_parallel=8), schedule="web: [3@2, '3@-@1,2', 3@sun@4]\ndb: 3@2\n")
    for _ in range(4):
        bench.run()
    bench.check_recorded()
    bench.check_foreign()
    assert len(bench.happened(CopyMade)) == 4 * (2 * 3 + 1)
    assert {len(bench.ours(volume)) for volume in ("v1", "v2")} == {9}


def test_a_name_that_somebody_takes_meanwhile_is_his_and_ours_is_the_next_second(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = CephStandIn.create
    theirs: list[SeenSnapshot] = []

    def taken(self: CephStandIn, image: ImageRef, name: str) -> None:
        if image == image_of("v1") and not theirs:
            id = bench.cluster.add(image, name)
            theirs.append(bench.cluster.images[image].snapshots[id])
            bench.foreign[image].append(theirs[0])
            raise NameTaken("taken")
        create(self, image, name)

    monkeypatch.setattr(CephStandIn, "create", taken)
    for _ in range(4):
        bench.run()
    bench.check_recorded()
    assert theirs[0] in bench.cluster.images[image_of("v1")].snapshots.values()


def test_protected_cloned_and_renamed_copies_stay_and_block_no_other(bench: RunBench) -> None:
    bench.schedule = "web: 4@2\ndb: 4@2\n"
    for _ in range(4):
        bench.run()
    stored = bench.cluster.images[image_of("v1")]
    protected, cloned, renamed, last = sorted(id for id in stored.snapshots if id > 12)
    stored.protected.add(protected)
    stored.clones[cloned] = 1
    stored.snapshots[renamed] = SeenSnapshot(renamed, "kept-by-operator")
    bench.schedule = "web: 1@2\ndb: 1@2\n"
    for _ in range(3):
        bench.run()
    there = bench.cluster.images[image_of("v1")].snapshots
    assert {protected, cloned, renamed} <= set(there)
    assert last not in there
    assert {event.why for event in bench.happened(CopyKept)} == {"it is protected", "it has 1 clones"}
    assert [event.copy.snapshot_id for event in bench.happened(CopyClosed)] == [renamed]
    assert len(bench.ours("v3")) == 1


def test_what_a_lowered_count_makes_excess_waits_when_it_is_too_much(bench: RunBench) -> None:
    bench.schedule = "web: 6@2\ndb: 6@2\n"
    for _ in range(6):
        bench.run()
    bench.schedule = "web: 1@2\ndb: 1@2\n"
    bench.limits = replace(bench.limits, removal=RemovalLimits(most=4))
    assert bench.run() == 12  # each creation removed two, and three more of each are excess
    assert bench.run(prune=True) == 0
    assert sum(len(bench.ours(volume)) for volume in ("v1", "v2", "v3")) == 15 - 4
    bench.check_recorded()


@pytest.mark.parametrize(
    "health",
    [
        pytest.param(replace(HEALTHY, checks=frozenset({"OSD_NEARFULL"})), id="nearly full by its health"),
        pytest.param(replace(HEALTHY, cluster=Usage(86, 100)), id="nearly full by its usage"),
    ],
)
def test_a_cluster_that_is_nearly_full_gets_no_snapshots_and_keeps_the_count(
    bench: RunBench, health: ClusterHealth
) -> None:
    bench.run()
    bench.run()
    bench.cluster.health = health
    bench.run()
    assert len(bench.ours("v1")) == 2
    assert len(bench.happened(CopyFailed)) == 3


def test_a_cluster_whose_usage_nobody_knows_gets_snapshots_with_a_warning(bench: RunBench) -> None:
    bench.cluster.health = ClusterHealth(pools={POOL: Usage(0, 0)})
    bench.run()
    assert len(bench.ours("v1")) == 1
    assert [event.text for event in bench.happened(SnapshotWarning)] == [
        "how full the cluster and the pool volumes is, is not known: no ceph-mgr reports it"
    ]


def test_nothing_is_removed_while_the_cluster_trims_slowly(bench: RunBench) -> None:
    bench.cluster.health = replace(HEALTHY, checks=frozenset({SLOW_TRIMMING}))
    for _ in range(4):
        bench.run()
    assert len(bench.ours("v1")) == 4


def test_an_image_that_is_full_of_snapshots_gets_no_more(bench: RunBench) -> None:
    for number in range(450):
        id = bench.cluster.add(image_of("v1"), f"stranger-{number}")
        bench.foreign[image_of("v1")].append(bench.cluster.images[image_of("v1")].snapshots[id])
    bench.run()
    assert (len(bench.ours("v1")), len(bench.ours("v2"))) == (0, 1)


def test_a_copy_that_is_gone_is_forgotten(bench: RunBench) -> None:
    bench.run()
    (copy,) = [copy for copy in bench.records().copies if copy.volume_id == "v3"]
    del bench.cluster.images[image_of("v3")].snapshots[copy.snapshot_id]
    bench.run()
    bench.check_recorded()


def test_an_image_that_is_gone_blocks_no_other(bench: RunBench) -> None:
    bench.run()
    del bench.cluster.images[image_of("v1")], bench.foreign[image_of("v1")]
    bench.run()
    assert (len(bench.ours("v2")), len(bench.ours("v3"))) == (2, 2)
    assert [event.volume_id for event in bench.happened(CopyFailed)] == ["v1"]


def test_a_client_that_was_excluded_ends_the_run_and_the_next_one_goes_on(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def excluded(self: CephStandIn, image: ImageRef, name: str) -> None:
        raise Blocklisted("excluded")

    with monkeypatch.context() as patch:
        patch.setattr(CephStandIn, "create", excluded)
        with pytest.raises(Blocklisted):
            bench.run()
    bench.run(2 * HOUR)
    bench.check_recorded()
    assert len(bench.ours("v1")) == 1


def test_two_processes_exclude_each_other_on_a_machine_and_in_a_cluster(bench: RunBench) -> None:
    second = pytest.raises(OtherProcess, match="another process makes or removes snapshots")
    with bench.opened(), second, bench.opened():
        pass
    other = ClusterLock(CephStandIn(bench.cluster), POOL)
    other.renew()
    with pytest.raises(LockHeld), bench.opened():
        pass
    other.release()
    bench.run()


def test_nothing_is_begun_when_the_lock_was_not_renewed_for_half_a_minute(bench: RunBench) -> None:
    moment = [0.0]
    ceph = CephStandIn(bench.cluster)
    with hold(ceph, POOL, lambda: moment[0]) as lock:
        moment[0] = 30
        lock.guard()
        moment[0] = 31
        with pytest.raises(LockTooOld, match="nothing is made or removed"):
            lock.guard()
        lock.renew()
        lock.guard()


def test_a_run_that_was_killed_anywhere_is_finished_by_the_next_ones(engine: Engine) -> None:
    number, is_done = 0, False
    while not is_done:
        number += 1
        metadata.drop_all(engine)
        metadata.create_all(engine)
        bench = RunBench(engine)
        bench.run()
        bench.run()
        try:
            with killed_at(number, POINTS):
                bench.run()
            is_done = True
        except Killed:
            pass
        bench.cluster.locks.clear()  # it ends by itself
        bench.run(MINUTE)
        bench.run(2 * HOUR)
        bench.check_recorded()
        bench.check_foreign()
        assert {len(bench.ours(volume)) for volume in ("v1", "v2", "v3")} == {2}, number
        assert bench.records().intents == []
    assert number > 20


def test_a_server_keeps_its_newest_whole_instance_besides(bench: RunBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    whole = bench.ours("v1")
    snapshots = CephStandIn.snapshots

    def failing(self: CephStandIn, image: ImageRef) -> object:
        if image == image_of("v2"):
            raise CephError("image-v2 cannot be read")
        return snapshots(self, image)

    monkeypatch.setattr(CephStandIn, "snapshots", failing)
    for _ in range(4):
        bench.run()
    assert set(whole) <= set(bench.ours("v1"))
    assert len(bench.ours("v1")) == 3
    assert WEB.id in {instance.server_id for instance in bench.records().instances}
