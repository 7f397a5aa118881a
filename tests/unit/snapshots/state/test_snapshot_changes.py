"""What is recorded of snapshots is read back as it was written, and a change is whole or not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.planning.snapshot_plan import JobState
from fiwareglancesync.snapshots.planning.snapshot_records import KnownImage, Schedule
from fiwareglancesync.snapshots.planning.uncovered_copies import Seen, Uncovered
from fiwareglancesync.snapshots.snapshot_model import Copy, Instance, Intent, JobKey
from fiwareglancesync.snapshots.state.snapshot_changes import NO_IMAGE, AlreadyRecorded, SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.snapshot_records import DAY, HOUR, IMAGE, NOW, copy, job

CLUSTER, OTHER = "00000000-1111-2222-3333-444444444444", "55555555-1111-2222-3333-444444444444"
DAILY = job("7@2")
STATE = JobState(str(DAILY.calendar), NOW - DAY)
INTENT = Intent(IMAGE, "daily", "v1", "daily_20260310T120000Z", NOW, 41, NOW)
INSTANCE = Instance("a", "daily", NOW, frozenset({"v1", "v2"}))
MADE = Copy(IMAGE, 42, INTENT.name, "daily", "v1", NOW)


@pytest.fixture
def store(engine: Engine) -> SnapshotStore:
    """What is in the database."""
    return SnapshotStore(engine, CLUSTER)


@pytest.fixture
def changes(engine: Engine) -> SnapshotChanges:
    """What the process writes, with one job recorded."""
    made = SnapshotChanges(engine, CLUSTER)
    made.keep_jobs({DAILY.key: STATE}, {DAILY.key: DAILY})
    return made


def test_a_request_is_there_with_its_slot_before_the_call_and_becomes_a_copy(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    changes.begin([INSTANCE], [INTENT])
    found = store.read()
    assert (found.intents, found.copies, found.instances) == ([INTENT], [], [INSTANCE])
    assert found.jobs[DAILY.key].state == replace(STATE, last=NOW)
    changes.made(INTENT, MADE)
    found = store.read()
    assert (found.intents, found.copies) == ([], [MADE])


def test_a_job_has_one_open_request_and_nothing_of_a_refused_change_is_written(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    weekly = replace(INTENT, set_name="weekly", name="weekly_1")
    changes.begin([], [INTENT])
    with pytest.raises(AlreadyRecorded):
        changes.begin([INSTANCE], [weekly, replace(INTENT, name="another", slot=NOW + DAY)])
    found = store.read()
    assert (found.intents, found.instances, found.jobs[DAILY.key].state.last) == ([INTENT], [], NOW)


def test_the_last_slot_is_the_newest_that_was_begun(store: SnapshotStore, changes: SnapshotChanges) -> None:
    changes.skip(DAILY.key, NOW, "the pool is full", NOW)
    changes.skip(DAILY.key, NOW - DAY, "the pool is full", NOW)
    assert store.read().jobs[DAILY.key].state.last == NOW
    changes.keep_jobs({DAILY.key: replace(STATE, calendar="other", last=NOW)}, {DAILY.key: replace(DAILY, count=3)})
    found = store.read().jobs[DAILY.key]
    assert (found.state.calendar, found.state.last, found.count) == ("other", NOW, 3)
    assert found.problem == "the pool is full"


def test_a_problem_has_its_first_time_until_a_copy_is_made(store: SnapshotStore, changes: SnapshotChanges) -> None:
    changes.begin([], [INTENT])
    changes.failed(INTENT, "no answer", NOW)
    changes.has_problem(DAILY.key, "still no answer", NOW + HOUR)
    found = store.read()
    job_found = found.jobs[DAILY.key]
    assert (found.intents, job_found.problem, job_found.problem_since) == ([], "still no answer", NOW)
    changes.begin([], [replace(INTENT, slot=NOW + DAY)])
    changes.made(INTENT, MADE)
    job_found = store.read().jobs[DAILY.key]
    assert (job_found.problem, job_found.problem_since) == ("", None)


def test_an_open_request_says_when_it_ended(store: SnapshotStore, changes: SnapshotChanges) -> None:
    changes.begin([], [INTENT])
    changes.unknown(INTENT, "no answer", NOW + HOUR)
    found = store.read()
    assert found.intents == [replace(INTENT, asked=NOW + HOUR)]
    assert found.jobs[DAILY.key].problem == "no answer"


def test_the_outcome_of_an_earlier_request_changes_no_later_one(store: SnapshotStore, changes: SnapshotChanges) -> None:
    later = replace(INTENT, name="daily_2", slot=NOW + DAY)
    changes.begin([], [INTENT])
    changes.failed(INTENT, "the snapshot did not appear", NOW + HOUR)
    changes.begin([], [later])
    changes.failed(INTENT, "the snapshot did not appear", NOW + HOUR)
    changes.unknown(INTENT, "no answer", NOW + HOUR)
    assert store.read().intents == [later]


def test_a_snapshot_whose_request_is_not_recorded_any_more_is_recorded_once(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    for _ in range(2):
        changes.made(INTENT, MADE)
        assert store.read().copies == [MADE]


def test_images_whose_data_is_in_several_pools_may_have_snapshots_with_the_same_id(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    other = replace(INTENT, image=ImageRef(IMAGE.pool, "3c4d"))
    changes.begin([], [INTENT, other])
    changes.made(INTENT, MADE)
    changes.made(other, replace(MADE, image=other.image))
    changes.close([MADE])
    assert store.read().copies == [replace(MADE, image=other.image)]


def test_copies_are_adopted_closed_and_linger(store: SnapshotStore, changes: SnapshotChanges) -> None:
    some = [copy(1), copy(2), copy(3)]
    changes.adopt(some)
    with pytest.raises(AlreadyRecorded):
        changes.adopt([copy(4), copy(3)])
    changes.close([copy(1)])
    changes.linger(copy(2))
    found = store.read()
    assert (found.copies, found.lingering) == ([copy(3)], [copy(2)])


def test_pools_and_images_differ_by_the_case_of_letters(store: SnapshotStore, changes: SnapshotChanges) -> None:
    upper = ImageRef("Volumes", "1A2B")
    both = [copy(1), copy(1, image=upper)]
    changes.adopt(both)
    changes.close([copy(1)])
    assert store.read().copies == [both[1]]


def test_what_no_job_covers_is_recorded_until_one_does(store: SnapshotStore, changes: SnapshotChanges) -> None:
    seen = Seen(Uncovered.ORPHAN, NOW)
    changes.keep_uncovered({DAILY.key: seen}, [], {DAILY.key: "v1"})
    assert store.read().jobs[DAILY.key].uncovered == seen
    changes.keep_uncovered({}, [DAILY.key], {})
    assert store.read().jobs[DAILY.key].uncovered is None


def test_a_request_whose_snapshot_was_adopted_is_closed(store: SnapshotStore, changes: SnapshotChanges) -> None:
    made = copy(9)
    changes.begin([INSTANCE], [INTENT])
    changes.adopt([made])
    changes.made(INTENT, made)
    assert (store.read().copies, store.read().intents) == ([made], [])


def test_copies_of_a_job_that_was_never_in_the_schedule_are_recorded_too(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    adopted = copy(1, "hourly")
    seen = Seen(Uncovered.ORPHAN, NOW)
    changes.adopt([adopted])
    changes.keep_uncovered({adopted.job: seen}, [], {adopted.job: "v1"})
    found = store.read().jobs[adopted.job]
    assert (found.uncovered, found.volume_id, found.count) == (seen, "v1", 0)


def test_an_inventory_is_read_back_and_replaces_the_one_before(store: SnapshotStore, changes: SnapshotChanges) -> None:
    assert store.inventory() is None
    first = InventoryRecord(NOW, True, {"v1": VolumeLocation("node@ssd#ssd", "v9")}, frozenset("ab"), frozenset("b"))
    for record in (first, InventoryRecord(NOW + DAY, covers_all=False)):
        changes.keep_inventory(record)
        assert store.inventory() == store.read().inventory == record


def test_images_are_those_that_were_last_seen(store: SnapshotStore, changes: SnapshotChanges) -> None:
    first, second = KnownImage(IMAGE, "volume-v1", NOW), KnownImage(ImageRef("vms", "f"), "volume-n", NOW + DAY)
    changes.keep_images({"v1": first, "v2": first})
    changes.keep_images({"v1": second})
    assert store.read().images == {"v1": second, "v2": first}


def test_what_nothing_needs_is_forgotten(store: SnapshotStore, changes: SnapshotChanges) -> None:
    changes.begin([INSTANCE, replace(INSTANCE, slot=NOW + DAY)], [])
    changes.keep_images({"v1": KnownImage(IMAGE, "volume-v1", NOW)})
    changes.drop([DAILY.key], ["v1"], [INSTANCE])
    found = store.read()
    assert (found.jobs, found.images, found.instances) == ({}, {}, [replace(INSTANCE, slot=NOW + DAY)])


def test_a_job_of_the_service_says_when_it_was_done_and_since_when_it_fails(
    store: SnapshotStore, changes: SnapshotChanges
) -> None:
    key = JobKey(NO_IMAGE, "inventory")
    changes.service_ran("inventory", NOW)
    changes.service_ran("inventory", NOW + HOUR, "Nova does not answer")
    changes.service_ran("inventory", NOW + 2 * HOUR, "Nova does not answer")
    found = store.read().jobs[key]
    assert (found.schedule, found.state.last, found.problem_since) == (Schedule.SERVICE, NOW, NOW + HOUR)
    changes.service_ran("inventory", NOW + 3 * HOUR)
    found = store.read().jobs[key]
    assert (found.state.last, found.problem, found.problem_since) == (NOW + 3 * HOUR, "", None)


def test_the_original_databases_are_values_of_a_column(store: SnapshotStore, changes: SnapshotChanges) -> None:
    general = replace(DAILY, key=JobKey(IMAGE, "general"))
    changes.keep_jobs({general.key: STATE}, {general.key: general})
    found = store.read().jobs
    assert [found[key].schedule.value for key in (DAILY.key, general.key)] == ["scheduled_snaps", "general_snaps"]


def test_clusters_that_share_a_database_do_not_meet(
    engine: Engine, store: SnapshotStore, changes: SnapshotChanges
) -> None:
    other = SnapshotChanges(engine, OTHER)
    other.keep_jobs({DAILY.key: STATE}, {DAILY.key: DAILY})
    for each in (changes, other):
        each.begin([INSTANCE], [INTENT])
        each.made(INTENT, MADE)
        each.keep_images({"v1": KnownImage(IMAGE, "volume-v1", NOW)})
    other.close([MADE])
    other.drop([DAILY.key], ["v1"], [INSTANCE])
    found = store.read()
    assert (found.copies, list(found.jobs), list(found.images), found.instances) == (
        [MADE], [DAILY.key], ["v1"], [INSTANCE],
    )  # fmt: skip


def test_a_database_that_cannot_be_used_is_one_error() -> None:
    with pytest.raises(DatabaseUnavailable, match="see database in"):
        SnapshotStore(open_engine("sqlite:////nowhere/at/all.db"), CLUSTER).read()


@pytest.mark.parametrize(
    "change", ["update snapshot_copies set state = 'other'", "update snapshot_copies set name = '{'"]
)
def test_a_row_that_cannot_be_read_is_one_error(
    engine: Engine, store: SnapshotStore, changes: SnapshotChanges, change: str
) -> None:
    changes.adopt([copy(1)])
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(DatabaseUnavailable, match=r"records of snapshots .* cannot be read: .*restore the database"):
        store.read()
