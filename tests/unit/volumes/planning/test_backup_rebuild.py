"""Records are made of what Cinder has, when the database is lost (volumes 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.planning.backup_marks import EXPIRES_KEY, marked_expiry, marks_of
from fiwareglancesync.volumes.planning.backup_rebuild import rebuild
from fiwareglancesync.volumes.planning.backup_retention import plan_retention
from fiwareglancesync.volumes.planning.server_metadata import MarkedVolume
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volumes import (
    ACCOUNT,
    DAY,
    HOUR,
    NOW,
    backup_of,
    foreign_backup,
    make_incremental,
    make_inventory,
    make_record,
    make_server,
    make_volume,
)

FULL = make_record("11111111-1111-4111-8111-111111111111", NOW - 3 * DAY)
NEXT = make_incremental("22222222-2222-4222-8222-222222222222", FULL.id, NOW - 2 * DAY)
MARKED = {"v1": MarkedVolume(make_volume(), (make_server(),), 86400, 14 * 86400)}


def rebuilt(*backups: CloudBackup, marked: dict[str, MarkedVolume] = MARKED) -> list[BackupRecord]:
    parents = {NEXT.backup_id or "": NEXT.parent_id or ""}
    return list(rebuild(make_inventory(backups=backups), parents, marked, VolumeSettings()))


def test_the_records_are_as_they_were() -> None:
    lost = [FULL, NEXT]
    found = rebuilt(*(backup_of(record) for record in reversed(lost)))
    expected = [replace(record, finished=record.begun, reported=True) for record in lost]
    assert found == [replace(each, expires=(each.begun or NOW) + 14 * DAY) for each in expected]


def test_only_backups_of_the_account_are_ours() -> None:
    forged = foreign_backup("u", NOW, metadata=marks_of(FULL, NOW))
    assert rebuilt(forged) == []
    assert [record.backup_id for record in rebuilt(foreign_backup("u", NOW, user_id=ACCOUNT.user_id))] == ["u"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", RecordState.GOOD),
        ("restoring", RecordState.GOOD),
        ("creating", RecordState.RUNNING),
        ("error", RecordState.FAILED),
        ("error_deleting", RecordState.FAILED),
    ],
)
def test_the_state_follows_from_the_status(status: str, state: RecordState) -> None:
    (found,) = rebuilt(backup_of(FULL, status=status))
    assert found.state is state
    assert (found.reason == f"its status is {status}") is (state is RecordState.FAILED)
    assert (found.expires is not None) is (state is RecordState.GOOD)


def test_an_incremental_one_whose_parent_could_not_be_read_is_not_good() -> None:
    (found,) = rebuild(make_inventory(backups=[backup_of(NEXT)]), {}, MARKED, VolumeSettings())
    assert found.type is BackupType.INCREMENTAL
    assert not found.is_good


def test_the_later_expiry_counts() -> None:
    created = FULL.begun or NOW
    (shorter,) = rebuilt(backup_of(FULL, metadata={"glancesync_expires": "2026-03-08T00:00:00Z"}))
    assert shorter.expires == created + 14 * DAY
    (longer,) = rebuilt(backup_of(FULL, metadata={"glancesync_expires": "2026-05-01T00:00:00Z"}))
    assert longer.expires == marked_expiry({"glancesync_expires": "2026-05-01T00:00:00Z"})
    (gone,) = rebuilt(backup_of(FULL, metadata={}), marked={})
    assert gone.expires == created + 14 * DAY
    assert (gone.server_id, gone.interval) == ("s1", 86400)


@pytest.mark.parametrize("task", ["", "no id", "1111", "AAAAAAAA-1111-4111-8111-111111111111", "../etc"])
def test_an_odd_task_id_is_not_taken(task: str) -> None:
    (found,) = rebuilt(backup_of(FULL, metadata={"glancesync_task": task}))
    assert found.id == FULL.backup_id


def test_no_two_records_have_one_id_or_one_due_time() -> None:
    copies = [backup_of(FULL, id=f"b{number}") for number in range(3)]
    found = rebuilt(*copies)
    assert [record.id for record in found] == [FULL.id, "b1", "b2"]
    assert len({record.due for record in found}) == 3


def test_the_marks_say_what_people_want_to_know() -> None:
    assert marks_of(FULL, NOW) == {
        "__automated_backup": "True",
        "glancesync_task": FULL.id,
        "glancesync_expires": "2026-03-24T12:00:00Z",
    }


@pytest.mark.parametrize(
    "text", ["2026-03-24T12:00:00Z", "2026-03-24T12:00:00", "2026-03-24T14:00:00+02:00", " 2026-03-24 12:00 "]
)
def test_an_expiry_is_read(text: str) -> None:
    assert marked_expiry({"glancesync_expires": text}) == NOW + 14 * DAY


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-99-99", "0001-01-01T00:00:00+23:00", "Z", "9999-12-31T23:59:59-12:00"]
)
def test_what_is_no_expiry_is_none(text: str) -> None:
    assert marked_expiry({"glancesync_expires": text}) is None
    (found,) = rebuilt(backup_of(FULL, metadata={"glancesync_expires": text}))
    assert found.expires == (FULL.begun or NOW) + 14 * DAY


@given(st.text(max_size=40))
def test_no_mark_breaks_the_reading(text: str) -> None:
    marked_expiry({"glancesync_expires": text})


def test_the_project_and_the_names_are_those_of_now() -> None:
    (found,) = rebuilt(backup_of(FULL))
    assert (found.project_name, found.server_name, found.volume_name) == ("Default/p1", "name-s1", "name-v1")
    (found,) = rebuild(make_inventory([], [], [backup_of(FULL, created_at=NOW - HOUR)]), {}, {}, VolumeSettings())
    assert (found.server_id, found.volume_name, found.due) == ("", "", NOW - HOUR)


def test_an_expiry_that_a_member_forged_beyond_all_calendars_is_no_error() -> None:
    forged = foreign_backup("u", NOW - 60 * DAY, user_id=ACCOUNT.user_id, metadata={EXPIRES_KEY: "9999-12-31T23:59Z"})
    old = foreign_backup("w", NOW - 61 * DAY, user_id=ACCOUNT.user_id)
    records = rebuilt(forged, old, marked={})
    inventory = make_inventory([], [], [forged, old])
    plan = plan_retention(inventory, records, {}, VolumeSettings(), NOW)
    assert [each.record.backup_id for each in plan.removals] == ["w"]
