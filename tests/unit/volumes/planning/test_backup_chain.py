"""Whether the next backup is full or incremental (volumes 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import CloudBackup, Volume
from fiwareglancesync.volumes.planning.backup_chain import TypeChoice, chain_of, choose_type, is_whole
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState
from tests.support.volumes import (
    ACCOUNT,
    DAY,
    HOUR,
    NOW,
    backup_of,
    foreign_backup,
    make_incremental,
    make_record,
    make_volume,
    with_dependants,
)

FULL = make_record("f", NOW - 3 * DAY)
FIRST = make_incremental("i1", "f", NOW - 2 * DAY)
SECOND = make_incremental("i2", "i1", NOW - DAY)


def choice(
    history: Sequence[BackupRecord],
    backups: Sequence[CloudBackup] | None = None,
    *,
    depth: int = 2,
    volume: Volume | None = None,
) -> TypeChoice:
    listed = with_dependants(history) if backups is None else backups
    return choose_type(volume or make_volume(), history, listed, ACCOUNT.user_id, depth)


def test_the_first_backup_is_full() -> None:
    assert choice([]) == TypeChoice(BackupType.FULL, "it is the first backup")


def test_incremental_ones_follow_up_to_the_depth() -> None:
    assert choice([FULL]) == TypeChoice(BackupType.INCREMENTAL, "it is number 1 after a full backup")
    assert choice([FULL, FIRST]) == TypeChoice(BackupType.INCREMENTAL, "it is number 2 after a full backup")
    assert choice([FULL, FIRST, SECOND]) == TypeChoice(BackupType.FULL, "full_backup_depth is reached")


@given(st.integers(0, 12), st.integers(1, 60))
def test_full_and_incremental_backups_follow_each_other_for_every_depth(depth: int, count: int) -> None:
    history: list[BackupRecord] = []
    for number in range(count):
        due = NOW + number * DAY
        if choice(history, depth=depth).type is BackupType.INCREMENTAL:
            history.append(make_incremental(str(number), history[-1].id, due))
        else:
            history.append(make_record(str(number), due))
    types = "".join(record.type.value[0].upper() for record in history)
    assert types == (("F" + "I" * depth) * count)[:count]


def test_a_volume_that_has_grown_gets_a_full_backup() -> None:
    larger = make_volume(size=11)
    assert choice([FULL], volume=larger) == TypeChoice(BackupType.FULL, "the volume has grown")
    newest = make_record("n", NOW - HOUR, size=11)
    assert choice([FULL, newest], volume=larger).type is BackupType.INCREMENTAL


@pytest.mark.parametrize(("backup_id", "expected"), [("b-x", BackupType.FULL), (None, BackupType.INCREMENTAL)])
def test_after_a_backup_that_ended_in_error_the_next_is_full(backup_id: str | None, expected: BackupType) -> None:
    """A request that was refused made no backup, and is no reason."""
    bad = make_incremental("x", "f", NOW - HOUR, state=RecordState.FAILED, backup_id=backup_id)
    refused = make_record("y", NOW - HOUR / 2, state=RecordState.FAILED)
    assert choice([FULL, bad, refused], [backup_of(FULL)]).type is expected


def test_failed_and_unverified_backups_do_not_count_for_the_depth() -> None:
    unverified = make_record("u", NOW - HOUR, type=BackupType.INCREMENTAL)
    assert not unverified.is_good
    assert choice([FULL, FIRST, unverified], with_dependants([FULL, FIRST])).type is BackupType.INCREMENTAL


def test_a_backup_that_a_user_made_later_is_never_the_parent() -> None:
    users = foreign_backup("u1", NOW - HOUR)
    assert choice([FULL], [backup_of(FULL), users]).why == "the newest backup, u1, is not ours"
    assert choice([FULL], [backup_of(FULL), users]).type is BackupType.FULL


def test_an_earlier_backup_or_one_that_is_not_available_or_of_another_project_is_no_reason() -> None:
    others = [
        foreign_backup("u1", NOW - 4 * DAY),
        foreign_backup("u2", NOW - HOUR, status="error"),
        foreign_backup("u3", NOW - HOUR, project_id="p2"),
    ]
    assert choice([FULL], [*others, backup_of(FULL)]).type is BackupType.INCREMENTAL


def test_the_newest_backup_is_the_one_with_the_newest_content() -> None:
    of_an_old_snapshot = foreign_backup("u1", NOW - HOUR, data_timestamp=NOW - 30 * DAY)
    assert choice([FULL], [of_an_old_snapshot, backup_of(FULL)]).type is BackupType.INCREMENTAL


def test_a_backup_of_the_account_that_is_not_recorded_is_not_ours() -> None:
    by_hand = foreign_backup("u1", NOW - HOUR, user_id=ACCOUNT.user_id)
    assert choice([FULL], [backup_of(FULL), by_hand]).type is BackupType.FULL


def test_a_recorded_backup_of_another_user_is_not_ours() -> None:
    assert choice([FULL], [backup_of(FULL, user_id="alice")]).type is BackupType.FULL


def test_a_chain_with_a_hole_is_not_continued() -> None:
    assert choice([FULL, FIRST], [backup_of(FIRST)]).why == "the chain of the newest backup, b-i1, is not whole"
    assert choice([FIRST], [backup_of(FIRST)]).type is BackupType.FULL


@pytest.mark.parametrize("failed", [0, 1])
def test_a_chain_that_a_drill_could_not_restore_is_not_continued(failed: int) -> None:
    chain = [FULL, FIRST]
    chain[failed] = replace(chain[failed], drill_failed=True)
    assert choice(chain) == TypeChoice(BackupType.FULL, f"a drill could not restore backup {chain[failed].backup_id}")
    assert choice([*chain, make_record("later", NOW - DAY)]).type is BackupType.INCREMENTAL


def test_a_chain_on_a_backup_of_a_user_is_not_continued() -> None:
    on_users = make_incremental("i", "other", NOW - DAY)
    backups = [foreign_backup("b-other", NOW - 2 * DAY), backup_of(on_users)]
    assert choice([FULL, on_users], [backup_of(FULL), *backups]).type is BackupType.FULL


def test_while_its_only_backups_are_restored_the_volume_waits() -> None:
    assert choice([FULL], [backup_of(FULL, status="restoring")]) == TypeChoice(
        None, "its only backups are being restored"
    )
    assert choice([FULL], [backup_of(FULL, status="deleting")]) == TypeChoice(
        BackupType.FULL, "it has no available backup"
    )


def test_a_base_that_is_restored_is_still_there() -> None:
    assert choice([FULL, FIRST], [backup_of(FULL, status="restoring"), backup_of(FIRST)]).type is BackupType.INCREMENTAL


def test_a_chain_goes_from_a_backup_to_its_full_one() -> None:
    by_backup_id = {record.backup_id or "": record for record in (FULL, FIRST, SECOND)}
    assert [record.id for record in chain_of(SECOND, by_backup_id)] == ["i2", "i1", "f"]
    assert is_whole([SECOND, FIRST, FULL], {each.id: each for each in with_dependants([FULL, FIRST, SECOND])})


def test_records_that_name_each_other_as_parents_do_not_stop_the_program() -> None:
    first, second = make_incremental("a", "b", NOW), make_incremental("b", "a", NOW)
    by_backup_id = {"b-a": first, "b-b": second}
    chain = list(chain_of(first, by_backup_id))
    assert chain == [first, second]
    assert not is_whole(chain, {each.id: each for each in with_dependants(chain)})
