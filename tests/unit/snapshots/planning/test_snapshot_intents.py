"""What came of requests whose outcome was not known, and the names they had (snapshots 4.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import Namespace, SeenSnapshot
from fiwareglancesync.snapshots.planning.snapshot_intents import IntentState, highest_id, settle
from fiwareglancesync.snapshots.planning.snapshot_names import snapshot_name
from fiwareglancesync.snapshots.snapshot_model import Intent
from tests.support.snapshot_records import HOUR, IMAGE, NOW

NAME = "daily_20260310T120000Z"
INTENT = Intent(IMAGE, "daily", "v1", NAME, NOW, 7, NOW)


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        (SeenSnapshot(8, NAME), IntentState.MADE),
        (SeenSnapshot(7, NAME), IntentState.OPEN),  # it was there before
        (SeenSnapshot(8, NAME + "x"), IntentState.OPEN),
        (SeenSnapshot(8, NAME, Namespace.GROUP), IntentState.OPEN),
        (SeenSnapshot(8, NAME, Namespace.TRASH), IntentState.OPEN),
    ],
)
def test_only_a_later_snapshot_of_exactly_this_name_came_of_it(snapshot: SeenSnapshot, state: IntentState) -> None:
    found = settle(INTENT, [SeenSnapshot(3, "other"), snapshot], NOW)
    assert found.state is state
    assert (found.copy is not None) is (state is IntentState.MADE)


def test_what_is_found_is_a_copy_of_its_slot() -> None:
    copy = settle(INTENT, [SeenSnapshot(8, NAME)], NOW + 9 * HOUR).copy
    assert copy is not None
    assert (copy.snapshot_id, copy.name, copy.slot, copy.job) == (8, NAME, NOW, INTENT.job)


@pytest.mark.parametrize(("after", "state"), [(59, IntentState.OPEN), (60, IntentState.FAILED)])
def test_it_has_failed_when_nothing_appears_for_an_hour(after: int, state: IntentState) -> None:
    assert settle(INTENT, [], NOW + timedelta(minutes=after)).state is state


def test_it_has_failed_when_its_image_is_gone() -> None:
    assert settle(INTENT, None, NOW).state is IntentState.FAILED


def test_the_highest_id_is_that_of_any_snapshot() -> None:
    assert highest_id([]) == 0
    assert highest_id([SeenSnapshot(9, "x", Namespace.TRASH), SeenSnapshot(4, "y")]) == 9


def test_a_name_that_is_taken_becomes_the_next_second() -> None:
    taken = {"daily_20260310T120000Z", "daily_20260310T120001Z", "hourly_20260310T120002Z"}
    assert snapshot_name("daily", NOW, taken) == "daily_20260310T120002Z"
    assert snapshot_name("daily", NOW, ()) == NAME
