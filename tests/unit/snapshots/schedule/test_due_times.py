"""The daemon wakes up when the next copy is due, not before and not after."""

from __future__ import annotations

from datetime import timedelta

from fiwareglancesync.snapshots.planning.snapshot_plan import delay_of
from fiwareglancesync.snapshots.schedule.due_times import next_begin
from tests.support.snapshot_records import HOUR, NOW, job

NONE = timedelta()


def test_the_first_time_of_all_jobs_counts() -> None:
    assert next_begin([job("3@2"), job("3@14"), job("3@sun@13")], NOW, NONE) == NOW + 2 * HOUR
    assert next_begin([job("0@13"), job("3@-"), job("3@14")], NOW, NONE) == NOW + 2 * HOUR
    assert next_begin([job("3@-")], NOW, NONE) is None
    assert next_begin([], NOW, NONE) is None


def test_what_is_due_now_does_not_count() -> None:
    assert next_begin([job("3@12,13")], NOW, NONE) == NOW + HOUR


def test_the_offset_of_a_server_counts_also_for_a_slot_that_has_begun() -> None:
    spread = timedelta(minutes=30)
    offset = delay_of("a", spread)
    assert NONE < offset < spread
    assert next_begin([job("3@12,13")], NOW, spread) == NOW + offset
    assert next_begin([job("3@12,13")], NOW + spread, spread) == NOW + HOUR + offset
