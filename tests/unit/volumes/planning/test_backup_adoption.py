"""What came of requests whose outcome is not known (volumes 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.planning.backup_adoption import RequestOutcome, Resolution, resolve_unknown
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState, VolumeSettings
from tests.support.volumes import (
    ACCOUNT,
    DAY,
    MINUTE,
    NOW,
    backup_of,
    foreign_backup,
    make_inventory,
    make_record,
    make_volume,
)

SETTINGS = VolumeSettings()
UNKNOWN = make_record("11111111-1111-4111-8111-111111111111", NOW - 20 * MINUTE, state=RecordState.CREATING)
ITS_BACKUP = backup_of(UNKNOWN, id="b1")
LOST = replace(UNKNOWN, state=RecordState.LOST)


def resolved(records: Sequence[BackupRecord], backups: Sequence[CloudBackup], **values: Any) -> list[Resolution]:
    return list(resolve_unknown(records, make_inventory(backups=backups, **values), SETTINGS))


def outcome(
    backups: Sequence[CloudBackup], record: BackupRecord = UNKNOWN, **values: Any
) -> tuple[RequestOutcome, str]:
    (found,) = resolved([record], backups, **values)
    return found.outcome, found.backup.id if found.backup is not None else found.why


@pytest.mark.parametrize("status", ["creating", "available", "error"])
def test_a_backup_with_the_task_id_is_adopted(status: str) -> None:
    assert outcome([replace(ITS_BACKUP, status=status)]) == (RequestOutcome.FOUND, "b1")


def test_also_when_cinder_acted_much_later() -> None:
    assert outcome([replace(ITS_BACKUP, created_at=NOW + 3 * DAY)]) == (RequestOutcome.FOUND, "b1")


@pytest.mark.parametrize("metadata", [{}, {"glancesync_task": "forged"}, {"glancesync_task": ""}])
def test_without_the_task_id_the_only_one_of_that_time_is_adopted(metadata: dict[str, str]) -> None:
    assert outcome([replace(ITS_BACKUP, metadata=metadata)]) == (RequestOutcome.FOUND, "b1")


@pytest.mark.parametrize(
    "values",
    [
        {"user_id": "alice"},
        {"project_id": "p2"},
        {"volume_id": "v2"},
    ],
)
def test_the_backup_of_another_user_project_or_volume_is_not_adopted(values: dict[str, Any]) -> None:
    assert outcome([replace(ITS_BACKUP, **values)]) == (
        RequestOutcome.LOST,
        "Cinder did not answer, and made no backup",
    )


@pytest.mark.parametrize(("minutes", "found"), [(-6, False), (-4, True), (0, True), (19, True), (21, False)])
def test_without_the_task_id_the_time_counts(minutes: int, found: bool) -> None:
    created = (UNKNOWN.begun or NOW) + minutes * MINUTE
    expected = RequestOutcome.FOUND if found else RequestOutcome.LOST
    assert outcome([replace(ITS_BACKUP, metadata={}, created_at=created)])[0] is expected


def test_the_difference_of_the_clocks_is_allowed_for() -> None:
    ahead = replace(ITS_BACKUP, metadata={}, created_at=(UNKNOWN.begun or NOW) - timedelta(hours=1))
    assert outcome([ahead])[0] is RequestOutcome.LOST
    assert outcome([ahead], clock_difference=3600.0)[0] is RequestOutcome.FOUND


def test_of_two_candidates_none_is_adopted() -> None:
    two = [replace(ITS_BACKUP, metadata={}), replace(ITS_BACKUP, id="b2", metadata={})]
    assert outcome(two) == (RequestOutcome.LOST, "which backup it made is not certain: b1, b2")
    assert outcome([*two, replace(ITS_BACKUP, id="b3")]) == (RequestOutcome.FOUND, "b3")


def test_of_two_with_the_task_id_the_one_of_that_time_is_adopted() -> None:
    later = replace(ITS_BACKUP, id="b2", created_at=NOW + DAY)
    assert outcome([ITS_BACKUP, later]) == (RequestOutcome.FOUND, "b1")


def test_a_recorded_backup_and_one_of_another_record_are_not_adopted() -> None:
    other = make_record("22222222-2222-4222-8222-222222222222", NOW - 15 * MINUTE)
    of_other = backup_of(other, id="b2")
    (found,) = resolved([UNKNOWN, other], [replace(ITS_BACKUP, id=other.backup_id or "", metadata={}), of_other])
    assert found.outcome is RequestOutcome.LOST


def test_the_listing_must_have_begun_after_the_settling_time() -> None:
    early = replace(UNKNOWN, begun=NOW - 15 * MINUTE)
    assert outcome([], early) == (RequestOutcome.OPEN, "Cinder may still act on the request")
    assert outcome([], early, read_again={"v1": NOW + MINUTE})[0] is RequestOutcome.LOST


def test_while_the_volume_is_backing_up_or_a_listing_is_not_whole_it_stays_open() -> None:
    assert outcome([], volumes=[make_volume(status="backing-up")]) == (RequestOutcome.OPEN, "the volume is backing-up")
    assert outcome([], cut="backups")[0] is RequestOutcome.OPEN
    assert outcome([], volumes=[], cut="volumes")[0] is RequestOutcome.OPEN
    assert outcome([], volumes=[])[0] is RequestOutcome.LOST


def test_a_lost_backup_that_is_found_later_is_adopted() -> None:
    assert outcome([ITS_BACKUP], LOST) == (RequestOutcome.FOUND, "b1")
    assert resolved([LOST], []) == []
    assert resolved([LOST], [replace(ITS_BACKUP, metadata={}, created_at=NOW + MINUTE)]) == []


def test_a_backup_that_two_requests_may_have_made_is_adopted_for_neither() -> None:
    late = replace(LOST, id="33333333-3333-4333-8333-333333333333", begun=NOW - 19 * MINUTE)
    (found,) = resolved([UNKNOWN, late], [replace(ITS_BACKUP, metadata={})])
    assert found.outcome is RequestOutcome.LOST


def test_records_with_a_known_outcome_are_left_alone() -> None:
    good = make_record("good")
    by_hand = foreign_backup("u", good.due, user_id=ACCOUNT.user_id)
    assert resolved([good], [by_hand]) == []
