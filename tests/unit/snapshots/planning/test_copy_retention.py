"""Which copies are beyond the count of their set (snapshots 4.4)."""

from __future__ import annotations

from fiwareglancesync.snapshots.ceph.ceph_model import Namespace, SeenSnapshot
from fiwareglancesync.snapshots.planning.copy_retention import beyond_count, listed_copies, whole_instances
from fiwareglancesync.snapshots.snapshot_model import Copy, Instance
from tests.support.snapshot_records import DAY, NOW, copy, seen


def ids(copies: list[Copy]) -> list[int]:
    return [each.snapshot_id for each in copies]


def instance(age: int, *volumes: str) -> Instance:
    return Instance("a", "daily", NOW - age * DAY, frozenset(volumes))


def test_the_newest_are_kept_whatever_the_clock_said() -> None:
    copies = [copy(4, age=0), copy(9, age=30), copy(6, age=2), copy(5, age=90)]
    assert ids(beyond_count(copies, 2, set())) == [4, 5]
    assert beyond_count(copies, 4, set()) == []
    assert beyond_count(copies, 0, set()) == []


def test_only_what_the_listing_shows_as_recorded_counts() -> None:
    copies = [copy(1), copy(2), copy(3), copy(4)]
    listed = [*seen(copy(1), copy(3)), SeenSnapshot(2, "renamed"), SeenSnapshot(4, copy(4).name, Namespace.TRASH)]
    assert ids(listed_copies(copies, listed)) == [1, 3]


def test_the_newest_whole_instance_of_a_server_stays() -> None:
    copies = [copy(1, age=3), copy(2, age=3, volume="v2"), copy(3, age=2), copy(4, age=2, volume="v2"), copy(5, age=1)]
    instances = [instance(3, "v1", "v2"), instance(2, "v1", "v2"), instance(1, "v1", "v2")]
    whole = whole_instances(instances, copies)
    assert whole == {("v1", "daily", NOW - 2 * DAY), ("v2", "daily", NOW - 2 * DAY)}
    assert ids(beyond_count([copy(1, age=3), copy(3, age=2), copy(5, age=1)], 1, whole)) == [1]


def test_an_instance_is_whole_by_the_volumes_that_its_server_had_then() -> None:
    copies = [copy(1, age=2), copy(2, age=1)]
    assert whole_instances([instance(2, "v1"), instance(1, "v1", "new")], copies) == {("v1", "daily", NOW - 2 * DAY)}


def test_of_two_instances_that_with_the_higher_ids_is_the_newer_one_whatever_the_clock_said() -> None:
    copies = [copy(1, age=-4000), copy(2, age=-4000, volume="v2"), copy(3, age=1), copy(4, age=1, volume="v2")]
    instances = [instance(-4000, "v1", "v2"), instance(1, "v1", "v2")]
    assert whole_instances(instances, copies) == {("v1", "daily", NOW - DAY), ("v2", "daily", NOW - DAY)}
    assert whole_instances(reversed(instances), copies) == whole_instances(instances, copies)
