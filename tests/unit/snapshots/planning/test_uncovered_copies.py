"""Copies that no job covers, and when they go (snapshots 4.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, ImageState
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.planning.excess_plan import Reason, RemovalLimits, plan_excess
from fiwareglancesync.snapshots.planning.uncovered_copies import Seen, Uncovered, UncoveredCopies, find_uncovered
from fiwareglancesync.snapshots.snapshot_model import Copy
from tests.support.snapshot_records import DAY, HOUR, IMAGE, NOW, copy, job

COPIES = [copy(1, age=3), copy(2, age=2), copy(3, "weekly", age=1)]
DAILY, WEEKLY = COPIES[0].job, COPIES[2].job


def find(
    state: ImageState, *, volumes: tuple[str, ...] = ("v1",), seen: dict | None = None, covered: bool = False
) -> UncoveredCopies:
    jobs = [job("7@2"), job("7@sun")] if covered else [job("7@sun")]
    return find_uncovered(
        COPIES, {each.key: each for each in jobs}, {IMAGE: state}, listed(*volumes), seen or {}, NOW
    )


def listed(*volumes: str, covers_all: bool = True) -> InventoryRecord:
    return InventoryRecord(NOW, covers_all, dict.fromkeys(volumes, VolumeLocation()))


def gone(found: UncoveredCopies, keep: timedelta, most: int = 200, *, prune: bool = False) -> list[tuple[int, Reason]]:
    limits = RemovalLimits(orphan_keep=keep, deleted_keep=DAY, most=most)
    plan = plan_excess({}, COPIES, (), found, limits, NOW, prune=prune)
    return [(each.copy.snapshot_id, each.reason) for each in plan.removals]


def test_a_set_without_a_job_is_an_orphan_from_now_on() -> None:
    found = find(ImageState.LIVE)
    assert {key: (each.kind, each.since) for key, each in found.sets.items()} == {DAILY: (Uncovered.ORPHAN, NOW)}


@pytest.mark.parametrize("state", [ImageState.LIVE, ImageState.RENAMED])
def test_an_orphan_goes_when_it_has_been_one_for_long_enough(state: ImageState) -> None:
    found = find(state, seen={DAILY: Seen(Uncovered.ORPHAN, NOW - 2 * DAY)})
    assert gone(found, 3 * DAY) == []
    assert gone(found, 2 * DAY) == [(1, Reason.ORPHAN), (2, Reason.ORPHAN)]
    assert gone(found, timedelta()) == []


def test_an_orphan_that_was_seen_by_a_clock_that_was_ahead_is_one_from_now_on() -> None:
    found = find(ImageState.LIVE, seen={DAILY: Seen(Uncovered.ORPHAN, NOW + 9 * DAY)})
    assert found.sets[DAILY].since == NOW


def test_an_orphan_that_was_seen_by_a_clock_that_was_behind_is_one_since_its_newest_copy() -> None:
    found = find(ImageState.LIVE, seen={DAILY: Seen(Uncovered.ORPHAN, NOW - 9000 * DAY)})
    assert found.sets[DAILY].since == COPIES[1].slot
    assert gone(found, 3 * DAY) == []


@pytest.mark.parametrize(
    ("state", "is_orphan"), [(ImageState.LIVE, False), (ImageState.RENAMED, False), (ImageState.TRASHED, True)]
)
def test_copies_of_a_volume_whose_image_is_not_found_are_no_orphans_while_the_old_one_is_in_use(
    state: ImageState, *, is_orphan: bool
) -> None:
    found = find_uncovered(COPIES[:1], {}, {IMAGE: state}, listed("v1"), {}, NOW, wanted={("v1", "daily")})
    assert bool(found.sets) is is_orphan


def test_the_newest_copy_of_a_volume_is_no_orphan_that_goes() -> None:
    seen = {key: Seen(Uncovered.ORPHAN, NOW - 9 * DAY) for key in (DAILY, WEEKLY)}
    found = find_uncovered(COPIES, {}, {IMAGE: ImageState.LIVE}, listed("v1"), seen, NOW)
    assert gone(found, DAY) == [(1, Reason.ORPHAN), (2, Reason.ORPHAN)]


@pytest.mark.parametrize("state", [ImageState.DELETED, ImageState.TRASHED])
def test_all_copies_of_a_departed_image_go_after_a_day(state: ImageState) -> None:
    first = find(state, volumes=(), covered=True)
    assert {each.kind for each in first.sets.values()} == {Uncovered.DEPARTED}
    assert gone(first, DAY) == []
    before = {key: Seen(Uncovered.DEPARTED, NOW - DAY) for key in (DAILY, WEEKLY)}
    later = find(state, volumes=(), covered=True, seen=before)
    assert gone(later, timedelta()) == [(number, Reason.DEPARTED) for number in (1, 2, 3)]


def test_an_image_in_the_trash_has_not_departed_while_cinder_has_its_volume() -> None:
    assert find(ImageState.TRASHED, covered=True).sets == {}


def test_an_orphan_that_departs_is_counted_anew() -> None:
    found = find(ImageState.TRASHED, volumes=(), seen={DAILY: Seen(Uncovered.ORPHAN, NOW - 90 * DAY)})
    assert found.sets[DAILY].since == NOW


def test_the_records_of_an_image_that_is_gone_are_closed() -> None:
    found = find(ImageState.GONE)
    assert (found.sets, list(found.closed)) == ({}, COPIES)


def test_an_image_that_was_not_found_out_about_is_not_judged() -> None:
    assert find_uncovered(COPIES, {}, {}, listed(), {}, NOW) == UncoveredCopies()


@pytest.mark.parametrize("inventory", [None, listed(covers_all=False)])
def test_without_a_listing_of_all_projects_no_volume_is_known_to_be_deleted(inventory: InventoryRecord | None) -> None:
    found = find_uncovered(COPIES, {}, {IMAGE: ImageState.TRASHED}, inventory, {}, NOW)
    assert {each.kind for each in found.sets.values()} == {Uncovered.ORPHAN}


def test_the_disk_of_a_server_has_departed_with_its_server() -> None:
    disk = [copy(1, volume="web_disk")]
    there = InventoryRecord(NOW, True, {}, frozenset({"web"}))
    states = {IMAGE: ImageState.TRASHED}
    kinds = [
        [each.kind for each in find_uncovered(disk, {}, states, known, {}, NOW).sets.values()]
        for known in (there, listed())
    ]
    assert kinds == [[Uncovered.ORPHAN], [Uncovered.DEPARTED]]


class TestMoved:
    """A volume whose copies are of two images, because Cinder moved it."""

    NEW = ImageRef("ssd", "9f")
    JOB = job("2", image=NEW)
    OLD = tuple(copy(number, age=9 - number) for number in (1, 2))
    FRESH = (copy(1, image=NEW, age=1),)

    def plan(self, *copies: Copy) -> list[tuple[ImageRef, int]]:
        jobs = {self.JOB.key: self.JOB}
        states = {IMAGE: ImageState.TRASHED, self.NEW: ImageState.LIVE}
        found = find_uncovered(copies, jobs, states, listed("v1"), {}, NOW)
        assert found.sets == {}
        plan = plan_excess(jobs, copies, (), found, RemovalLimits(), NOW)
        return [(each.copy.image, each.copy.snapshot_id) for each in plan.removals]

    def test_the_old_copies_count_until_new_ones_replace_them(self) -> None:
        assert self.plan(*self.OLD) == []
        assert self.plan(*self.OLD, *self.FRESH) == [(IMAGE, 1)]

    def test_copies_of_the_present_image_are_newer_whatever_the_clock_said(self) -> None:
        fresh = [copy(number, image=self.NEW, age=99) for number in (1, 2)]
        assert self.plan(*self.OLD, *fresh) == [(IMAGE, 1), (IMAGE, 2)]

    def test_the_newest_copy_of_an_orphan_is_that_of_the_volume(self) -> None:
        copies = [*self.OLD, *self.FRESH]
        states = {IMAGE: ImageState.LIVE, self.NEW: ImageState.LIVE}
        seen = {each.job: Seen(Uncovered.ORPHAN, NOW - 9 * DAY) for each in copies}
        found = find_uncovered(copies, {}, states, listed("v1"), seen, NOW)
        plan = plan_excess({}, copies, (), found, RemovalLimits(orphan_keep=DAY), NOW)
        assert [each.copy for each in plan.removals] == list(self.OLD)


class TestOrphansOnRequest:
    """``run --orphans``."""

    def plan(self, found: UncoveredCopies, copies: list[Copy]) -> list[int]:
        plan = plan_excess({}, copies, (), found, RemovalLimits(timedelta()), NOW, orphans=True)
        return [each.copy.snapshot_id for each in plan.removals]

    def test_all_go_but_the_newest_of_the_volume(self) -> None:
        found = find_uncovered(COPIES, {}, {IMAGE: ImageState.LIVE}, None, {}, NOW)
        assert self.plan(found, COPIES) == [1, 2]

    def test_what_is_gone_meanwhile_is_not_counted(self) -> None:
        found = find_uncovered(COPIES, {}, {IMAGE: ImageState.LIVE}, None, {}, NOW)
        assert self.plan(found, COPIES[1:]) == [2]

    def test_departed_images_and_excess_are_another_matter(self) -> None:
        found = find_uncovered(COPIES, {}, {IMAGE: ImageState.TRASHED}, listed(), {}, NOW - 9 * DAY)
        assert self.plan(found, COPIES) == []


class TestTooMany:
    """Nine copies of a set whose count was lowered to 2."""

    COPIES = tuple(copy(number, age=9 - number) for number in range(1, 10))
    JOB = job("2")

    def plan(
        self, most: int, *, prune: bool = False, uncovered: UncoveredCopies | None = None
    ) -> tuple[list[int], int]:
        limits = RemovalLimits(most=most)
        uncovered = uncovered or UncoveredCopies()
        copies = [*self.COPIES, *(copy for each in uncovered.sets.values() for copy in each.copies)]
        found = plan_excess(
            {self.JOB.key: self.JOB}, copies, (), uncovered, limits, NOW, prune=prune
        )
        return [each.copy.snapshot_id for each in found.removals], found.waiting

    def test_the_oldest_go_first(self) -> None:
        assert self.plan(7) == ([1, 2, 3, 4, 5, 6, 7], 0)

    def test_more_than_a_run_removes_wait_until_somebody_asks(self) -> None:
        assert self.plan(6) == ([], 7)
        assert self.plan(6, prune=True) == ([1, 2, 3, 4, 5, 6, 7], 0)

    def test_copies_of_departed_images_do_not_wait(self) -> None:
        other: list[Copy] = [copy(20, "weekly", age=30)]
        seen = {other[0].job: Seen(Uncovered.DEPARTED, NOW - 25 * HOUR)}
        found = find_uncovered(other, {}, {IMAGE: ImageState.TRASHED}, listed(), seen, NOW)
        assert self.plan(6, uncovered=found) == ([20], 7)
