"""What an edit of the schedule would do to the copies that there are (snapshots 1.1)."""

from __future__ import annotations

from datetime import timedelta

from fiwareglancesync.snapshots.inventory.snapshot_files import understand_schedule
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits
from fiwareglancesync.snapshots.planning.snapshot_plan import JobState
from fiwareglancesync.snapshots.planning.snapshot_records import KnownImage, Schedule, SnapshotRecords, StoredJob
from fiwareglancesync.snapshots.planning.uncovered_copies import Seen, Uncovered
from fiwareglancesync.snapshots.schedule.schedule_effect import AbandonedSet, ScheduleEffect, effect_of
from fiwareglancesync.snapshots.schedule.snapshot_spec import Times
from tests.support.snapshot_records import IMAGE, NOW, copy
from tests.support.snapshot_runs import DB, WEB

COPIES = [*(copy(number, age=9 - number) for number in range(1, 6)), copy(9, "weekly")]
KNOWN = {"v1": KnownImage(IMAGE, "volume-v1", NOW)}
RECORDS = SnapshotRecords(copies=COPIES, images=KNOWN)
LIMITS = RemovalLimits(most=3)


def effect(text: str, records: SnapshotRecords = RECORDS) -> ScheduleEffect:
    schedule = understand_schedule("sched.yml", text.encode(), [WEB, DB])
    return effect_of(schedule, None, Times(), records, LIMITS, NOW)


def test_a_schedule_that_keeps_what_there_is_has_no_effect() -> None:
    assert effect("web: [5@2, 1@sun]") == ScheduleEffect([], 0)
    assert list(effect("web: [5@2, 1@sun]").warnings(LIMITS)) == []


def test_a_lower_count_makes_copies_excess() -> None:
    assert list(effect("web: [3@2, 1@sun]").warnings(LIMITS)) == [
        "copies in excess of their counts: 2; the next run removes them"
    ]
    assert list(effect("web: [1@2, 1@sun]").warnings(LIMITS)) == [
        "copies in excess of their counts: 4, more than max_deletions (3); they stay until glancesync snapshots run "
        "--prune"
    ]


def test_a_set_without_a_spec_is_abandoned() -> None:
    found = effect("web: 1@sun")
    assert found == ScheduleEffect([AbandonedSet("daily", ["web"], 5)], 0)
    assert list(found.warnings(LIMITS)) == [
        "no spec covers the set daily of web any more: its copies (5) are kept for 30 days (orphan_keep)"
    ]
    assert "are kept for ever" in next(found.warnings(RemovalLimits(timedelta())))


def test_what_was_abandoned_before_is_no_effect_of_the_edit() -> None:
    key = COPIES[0].job
    stored = StoredJob(
        key, Schedule.SCHEDULED, "v1", 5, JobState("", NOW), uncovered=Seen(Uncovered.ORPHAN, NOW)
    )
    records = SnapshotRecords(jobs={key: stored}, copies=COPIES, images=KNOWN)
    assert effect("web: 1@sun", records) == ScheduleEffect([], 0)


def test_a_count_of_0_keeps_all() -> None:
    assert effect("web: [0@2, 1@sun]") == ScheduleEffect([], 0)
