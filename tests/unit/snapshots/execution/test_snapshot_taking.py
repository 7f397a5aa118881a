"""Copies are made once each and none is lost, while threads work beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import pytest
from sqlalchemy import Engine

from fiwareglancesync.snapshots.ceph.ceph_errors import NoAnswer
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, SeenSnapshot
from fiwareglancesync.snapshots.ceph.cluster_lock import ClusterLock, LockTooOld
from fiwareglancesync.snapshots.snapshot_events import CopyClosed, CopyFailed, CopyMade, CopyUnknown
from tests.support.snapshot_runs import DAY, HOUR, RunBench, image_of
from tests.support.stand_ins.ceph_stand_in import CephStandIn


@pytest.fixture
def bench(engine: Engine) -> Iterator[RunBench]:
    """A cluster; afterwards what strangers have is as it was."""
    made = RunBench(engine)
    yield made
    made.check_foreign()


def test_a_copy_that_is_recorded_while_a_listing_is_read_is_not_taken_for_gone(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.schedule = "web: [2@2, 2@sun]\n"
    snapshots = CephStandIn.snapshots
    with bench.opened() as run:
        daily, weekly = ([job for job in bench.jobs.by_key.values() if job.key.set_name == name]
                         for name in ("daily", "weekly"))  # fmt: skip

        def slow(self: CephStandIn, image: ImageRef) -> Sequence[SeenSnapshot]:
            found = snapshots(self, image)
            if image == image_of("v1"):
                monkeypatch.setattr(CephStandIn, "snapshots", snapshots)
                run.take(weekly)  # what another thread does in this moment
            return found

        monkeypatch.setattr(CephStandIn, "snapshots", slow)
        run.take(daily)
    assert bench.happened(CopyClosed) == []
    assert len(bench.ours("v1")) == 2
    bench.check_recorded()


def test_a_snapshot_that_disappears_at_once_is_reported_as_unknown(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = CephStandIn.create

    def renamed_at_once(self: CephStandIn, image: ImageRef, name: str) -> None:
        create(self, image, f"{name}-of-operator")

    monkeypatch.setattr(CephStandIn, "create", renamed_at_once)
    bench.run()
    assert {event.intent.volume_id for event in bench.happened(CopyUnknown)} == {"v1", "v2", "v3"}


def test_a_request_of_a_time_that_was_set_back_is_open_for_another_hour_only(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(self: CephStandIn, image: ImageRef, name: str) -> None:
        raise NoAnswer("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(CephStandIn, "create", unanswered)
        bench.run(1000 * DAY)
    bench.run(-1000 * DAY)
    assert len(bench.records().intents) == 3
    bench.run(2 * HOUR)
    assert bench.records().intents == []
    assert len(bench.ours("v1")) == 1


def test_a_request_that_is_not_sent_because_the_lock_is_too_old_is_not_open(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = count()

    def guard(_: ClusterLock) -> None:
        if next(checks) > 2:  # the first two are before the requests are recorded
            raise LockTooOld("too old")

    monkeypatch.setattr(ClusterLock, "guard", guard)
    with pytest.raises(LockTooOld):
        bench.run()
    assert [event.copy.volume_id for event in bench.happened(CopyMade)] == ["v1"]
    assert [event.volume_id for event in bench.happened(CopyFailed)] [:1] == ["v2"]
    assert bench.records().intents == []
    bench.check_recorded()
