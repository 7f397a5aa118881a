"""What is due, by the jobs and what is recorded of them (snapshots 4.2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.planning.snapshot_jobs import Job
from fiwareglancesync.snapshots.planning.snapshot_plan import JobState, SnapshotPlan, delay_of, plan_snapshots
from fiwareglancesync.snapshots.snapshot_model import JobKey
from tests.support.snapshot_records import DAY, HOUR, NOW, job

GRACE = 6 * HOUR


def plan(jobs: list[Job], since: timedelta = 9 * DAY, running: Collection[JobKey] = ()) -> SnapshotPlan:
    states = {each.key: JobState(str(each.calendar), NOW - since) for each in jobs}
    return plan_snapshots(jobs, states, running, NOW, GRACE)


def test_a_job_is_due_for_its_slot() -> None:
    [due] = plan([job("7@12")]).due
    assert (due.due.slot.instant, due.due.is_late) == (NOW, False)


def test_a_slot_that_has_just_been_missed_is_taken_late() -> None:
    [due] = plan([job("7@11")]).due
    assert (due.due.slot.instant, due.due.is_late) == (NOW - HOUR, True)
    assert plan([job("7@5")]).due == []


def test_a_new_job_begins_with_its_next_slot() -> None:
    found = plan_snapshots([job("7@11")], {}, (), NOW, GRACE)
    assert found.due == []
    assert found.states == {job("7@11").key: JobState(str(job("7@11").calendar), NOW)}


def test_other_times_begin_with_their_next_slot_and_keep_the_last_one() -> None:
    before = JobState(str(job("7@10").calendar), NOW - DAY, NOW - 2 * HOUR)
    found = plan_snapshots([job("7@11")], {job("7@11").key: before}, (), NOW, GRACE)
    assert found.due == []
    assert found.states == {job("7@11").key: JobState(str(job("7@11").calendar), NOW, NOW - 2 * HOUR)}


def test_a_record_of_a_clock_that_was_wrong_is_dropped_and_no_other() -> None:
    calendar = str(job("7@12").calendar)
    for ahead, is_dropped in ((6 * DAY, False), (3650 * DAY, True)):
        for before in (JobState(calendar, NOW - DAY, NOW + ahead), JobState(calendar, NOW + ahead)):
            found = plan_snapshots([job("7@12")], {job("7@12").key: before}, (), NOW, GRACE)
            assert found.states == ({job("7@12").key: JobState(calendar, NOW)} if is_dropped else {})


def test_another_count_changes_no_slot() -> None:
    before = JobState(str(job("7@11").calendar), NOW - DAY, NOW - DAY)
    found = plan_snapshots([job("3@11")], {job("3@11").key: before}, (), NOW, GRACE)
    assert (len(found.due), found.states) == (1, {})


def test_with_a_count_of_0_nothing_is_due() -> None:
    assert plan([job("0@12"), job("3@-")]).due == []


def test_a_slot_whose_predecessor_is_not_done_is_skipped() -> None:
    found = plan([job("7@12")], running={job("7@12").key})
    assert found.due == []
    assert [(skipped.key, slot.instant) for skipped, slot in found.skipped] == [(job("7@12").key, NOW)]


def test_the_volumes_of_a_server_come_one_after_the_other() -> None:
    jobs = [
        job("7@12", image=ImageRef("p", str(number)), volume=f"v{number}", servers=(f"s{number % 2}",))
        for number in range(6)
    ]
    assert [due.job.volume_id for due in plan(jobs).due] == ["v0", "v2", "v4", "v1", "v3", "v5"]


def test_servers_are_spread_always_in_the_same_way() -> None:
    spread = timedelta(minutes=10)
    delays = [delay_of(f"server-{number}", spread) for number in range(200)]
    assert delays == [delay_of(f"server-{number}", spread) for number in range(200)]
    assert all(timedelta() <= delay < spread for delay in delays)
    assert len({delay // timedelta(minutes=1) for delay in delays}) == 10
    assert delay_of("server-1", timedelta()) == timedelta()
