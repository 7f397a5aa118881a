"""Copies are removed by what their images list, never by records alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine

from fiwareglancesync.snapshots.ceph.ceph_errors import CephError, NoAnswer
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.snapshot_events import CopyKept, CopyRemoved, SnapshotWarning
from tests.support.snapshot_runs import MINUTE, RunBench, image_of
from tests.support.stand_ins.ceph_stand_in import CephStandIn


@pytest.fixture
def bench(engine: Engine) -> Iterator[RunBench]:
    """A cluster whose volumes have five copies each, of which two are to be kept."""
    made = RunBench(engine, schedule="web: 5@2\ndb: 5@2\n")
    for _ in range(5):
        made.run()
    made.schedule = "web: 2@2\ndb: 2@2\n"
    yield made
    made.check_foreign()


def remove_newest(bench: RunBench, volume_id: str, number: int) -> None:
    """An operator removes the newest snapshots of a volume."""
    there = bench.cluster.images[image_of(volume_id)].snapshots
    for snapshot_id in sorted(there)[-number:]:
        del there[snapshot_id]


def test_copies_that_are_gone_are_not_counted_when_excess_is_removed(bench: RunBench) -> None:
    for volume_id in ("v1", "v2", "v3"):
        remove_newest(bench, volume_id, 3)
    bench.run(MINUTE, prune=True)
    assert bench.happened(CopyRemoved) == []
    assert {len(bench.ours(volume_id)) for volume_id in ("v1", "v2", "v3")} == {2}
    bench.check_recorded()


def test_an_instance_is_not_whole_without_a_copy_that_is_gone(bench: RunBench) -> None:
    bench.schedule = "web: 1@2\n"
    remove_newest(bench, "v2", 2)
    bench.run(MINUTE, prune=True)
    assert bench.ours("v2") == ["daily_20260313T120000Z"]
    assert bench.ours("v1") == ["daily_20260313T120000Z", "daily_20260315T120000Z"]


def test_of_an_image_that_cannot_be_listed_nothing_is_removed(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = CephStandIn.snapshots
    is_first = True

    def failing(self: CephStandIn, image: ImageRef) -> Sequence[SeenSnapshot]:
        nonlocal is_first
        if image == image_of("v3") and is_first:
            is_first = False
            raise CephError("image-v3 cannot be read")
        return snapshots(self, image)

    monkeypatch.setattr(CephStandIn, "snapshots", failing)
    bench.run(MINUTE, prune=True)
    assert (len(bench.ours("v3")), len(bench.ours("v1"))) == (5, 2)
    assert [event.text for event in bench.happened(SnapshotWarning)] == [
        "volume v3: nothing is removed: image-v3 cannot be read"
    ]


def test_a_removal_that_was_interrupted_is_finished_and_one_that_clones_keep_is_not(bench: RunBench) -> None:
    bench.schedule = "web: 5@2\ndb: 5@2\n"
    there = bench.cluster.images[image_of("v3")].snapshots
    interrupted, cloned, other = sorted(there)[-5:-2]
    names = {snapshot_id: there[snapshot_id].name for snapshot_id in (interrupted, cloned, other)}
    for snapshot_id, original in ((interrupted, names[interrupted]), (cloned, names[cloned]), (other, "another")):
        there[snapshot_id] = SeenSnapshot(snapshot_id, f"uuid-{snapshot_id}", Namespace.TRASH, original)
    bench.cluster.images[image_of("v3")].clones[cloned] = 1
    bench.run(MINUTE)
    removed = [event for event in bench.happened(CopyRemoved) if event.copy.volume_id == "v3"]
    assert [(event.copy.name, event.why) for event in removed] == [
        (names[interrupted], "its removal had been interrupted")
    ]
    assert {cloned, other} <= set(there)
    assert {copy.snapshot_id for copy in bench.records().lingering} == {cloned, other}
    del there[cloned], there[other]  # the last clone takes it along
    bench.run(MINUTE)
    assert bench.records().lingering == []


def test_of_an_image_that_does_not_answer_only_one_removal_is_requested(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = CephStandIn.remove
    requested: list[ImageRef] = []

    def silent(self: CephStandIn, image: ImageRef, snapshot_id: int) -> None:
        requested.append(image)
        if image == image_of("v1"):
            raise NoAnswer("image-v1 does not answer")
        remove(self, image, snapshot_id)

    monkeypatch.setattr(CephStandIn, "remove", silent)
    bench.run(MINUTE, prune=True)
    assert (requested.count(image_of("v1")), requested.count(image_of("v2"))) == (1, 3)
    assert [event.why for event in bench.happened(CopyKept)] == [
        "image-v1 does not answer", *["its image did not answer before"] * 2
    ]  # fmt: skip
    assert all(event.is_error for event in bench.happened(CopyKept))


def test_a_copy_that_is_in_use_is_kept_without_an_error(bench: RunBench) -> None:
    snapshots = bench.cluster.images[image_of("v3")].snapshots
    oldest = min(id for id, each in snapshots.items() if each.name in bench.ours("v3"))
    bench.cluster.images[image_of("v3")].protected.add(oldest)
    bench.run(MINUTE, prune=True)
    [kept] = bench.happened(CopyKept)
    assert (kept.why, kept.is_error) == ("it is protected", False)
