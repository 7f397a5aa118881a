"""Which backups are removed, and which never are (volumes 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fiwareglancesync.openstack.cloud_model import CloudBackup, Project
from fiwareglancesync.volumes.planning.backup_retention import RetentionPlan, expiring_volumes, is_gone, plan_retention
from fiwareglancesync.volumes.planning.server_metadata import MarkedVolume
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volumes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    backup_of,
    foreign_backup,
    listed,
    make_incremental,
    make_inventory,
    make_record,
    make_server,
    make_volume,
    with_dependants,
)

SETTINGS = VolumeSettings()
OLD = make_record("old", NOW - 20 * DAY)
NEW = make_record("new", NOW - DAY)
CHAIN = [
    make_record("f", NOW - 30 * DAY),
    make_incremental("i1", "f", NOW - 29 * DAY),
    make_incremental("i2", "i1", NOW - 28 * DAY),
]


def retention(
    records: Sequence[BackupRecord],
    backups: Sequence[CloudBackup] | None = None,
    *,
    weeks: int | None = 2,
    settings: VolumeSettings = SETTINGS,
    allowed: Mapping[str, int] | None = None,
    now: datetime = NOW,
    **values: Any,
) -> RetentionPlan:
    """The retention of the first volume.

    :param weeks: that its server says, None when it is not backed up any more
    """
    cloud = make_inventory(backups=with_dependants(records) if backups is None else backups, **values)
    marked = {} if weeks is None else {"v1": MarkedVolume(make_volume(), (make_server(),), 86400, weeks * 7 * 86400)}
    return plan_retention(cloud, records, marked, settings, now, allowed)


def removed(found: RetentionPlan) -> list[str]:
    return [each.record.id for each in found.removals]


def reasons(found: RetentionPlan) -> dict[str, str]:
    return {each.record.id: each.why for each in found.kept}


class TestExpiry:
    def test_an_expired_backup_goes_with_the_reason(self) -> None:
        found = retention([OLD, NEW])
        assert removed(found) == ["old"]
        assert found.removals[0].why == "it expired at 2026-03-04 12:10Z"
        assert not found.expiries

    def test_the_time_counts_from_the_end_of_the_backup(self) -> None:
        slow = make_record("slow", NOW - 15 * DAY, finished=NOW - 14 * DAY + MINUTE)
        assert removed(retention([slow, NEW])) == []
        assert removed(retention([slow, NEW], now=NOW + MINUTE)) == ["slow"]

    def test_a_longer_retention_lengthens_existing_ones(self) -> None:
        found = retention([OLD, NEW], weeks=3)
        assert removed(found) == []
        assert found.expiries == {"old": NOW + DAY + 10 * MINUTE, "new": NOW + 20 * DAY + 10 * MINUTE}

    def test_a_shorter_one_shortens_them_only_when_that_is_wanted(self) -> None:
        older = make_record("older", NOW - 10 * DAY)
        assert not retention([older, NEW], weeks=1).expiries
        shrinking = VolumeSettings(retention_may_shrink=True)
        found = retention([older, NEW], weeks=1, settings=shrinking)
        assert found.expiries["older"] == NOW - 3 * DAY + 10 * MINUTE
        assert removed(found) == ["older"]
        unsure = retention([older, NEW], weeks=1, settings=shrinking, cut="servers")
        assert not unsure.expiries

    def test_a_fraction_of_a_second_is_no_change(self) -> None:
        rounded = replace(NEW, finished=(NEW.finished or NOW) + timedelta(microseconds=1))
        assert not retention([rounded], settings=VolumeSettings(retention_may_shrink=True)).expiries
        assert not retention([rounded]).expiries

    @pytest.mark.parametrize("state", [RecordState.FAILED, RecordState.LOST, RecordState.RUNNING])
    def test_only_a_backup_that_succeeded_has_a_time(self, state: RecordState) -> None:
        assert not retention([make_record("x", NOW - DAY, state=state, finished=NOW)]).expiries

    def test_when_the_server_is_gone_nothing_changes(self) -> None:
        assert removed(retention([OLD, NEW], weeks=None)) == ["old"]
        assert not retention([NEW], weeks=None).expiries

    def test_only_volumes_of_which_something_would_be_removed_are_read_again(self) -> None:
        records = [OLD, NEW, *(replace(each, volume_id="v2") for each in CHAIN)]
        inventory = make_inventory(backups=with_dependants(records), volumes=[make_volume(), make_volume("v2")])
        assert expiring_volumes(inventory, records, {}, SETTINGS, NOW) == {"v1": "p1"}


class TestKept:
    def test_the_last_good_ones_stay_as_long_as_the_volume_is_there(self) -> None:
        records = [make_record(str(days), NOW - days * DAY) for days in (40, 30, 20)]
        assert removed(retention(records)) == ["30", "40"]
        assert reasons(retention(records)) == {"20": "it is one of the last 1 good backups of its volume"}
        assert removed(retention(records, settings=VolumeSettings(keep_at_least=2))) == ["40"]
        assert removed(retention(records, settings=VolumeSettings(keep_at_least=0))) == ["20", "30", "40"]

    def test_one_that_a_drill_could_not_restore_is_none_of_them_as_long_as_there_is_another(self) -> None:
        records = [make_record(str(days), NOW - days * DAY, drill_failed=days == 20) for days in (40, 30, 20)]
        assert removed(retention(records)) == ["20", "40"]
        assert removed(retention([replace(record, drill_failed=True) for record in records])) == ["30", "40"]

    def test_also_when_it_is_in_another_project_now(self) -> None:
        assert removed(retention([OLD], volumes=[make_volume(project_id="p2")])) == []

    @pytest.mark.parametrize(
        "worse",
        [
            make_record("x", NOW - DAY, state=RecordState.FAILED, backup_id="b-x"),
            make_record("x", NOW - DAY, type=BackupType.INCREMENTAL),
            make_incremental("x", "gone", NOW - DAY),
        ],
    )
    def test_failed_unverified_and_broken_ones_are_not_good(self, worse: BackupRecord) -> None:
        assert removed(retention([OLD, worse])) == []

    @pytest.mark.parametrize("status", ["error", "restoring", "deleting", "error_deleting"])
    def test_nor_are_those_of_another_status(self, status: str) -> None:
        assert removed(retention([OLD, NEW], [backup_of(OLD), backup_of(NEW, status=status)])) == []

    def test_nor_are_those_that_cinder_does_not_list(self) -> None:
        assert removed(retention([OLD, NEW], [backup_of(OLD)])) == []

    def test_the_last_good_one_of_a_volume_that_is_gone_stays_longer(self) -> None:
        older = make_record("older", NOW - 21 * DAY)
        found = retention([older, OLD], volumes=[])
        assert removed(found) == ["older"]
        assert reasons(found) == {
            "old": "the last good backup of a volume that is gone is kept until 2026-04-03 12:10Z"
        }
        assert removed(retention([OLD], volumes=[], now=NOW + 24 * DAY)) == []
        assert removed(retention([OLD], volumes=[], now=NOW + 25 * DAY)) == ["old"]

    def test_what_an_operator_holds_stays_with_its_bases(self) -> None:
        records = [*CHAIN[:2], replace(CHAIN[2], held=True), NEW]
        found = retention(records)
        assert removed(found) == []
        assert reasons(found) == {
            "f": "backup b-i2, which stays, builds on it",
            "i1": "backup b-i2, which stays, builds on it",
            "i2": "an operator holds it",
        }

    def test_while_a_backup_is_being_made_nothing_of_the_volume_goes(self) -> None:
        running = make_record("r", NOW, state=RecordState.RUNNING)
        assert reasons(retention([OLD, NEW, running])) == {"old": "a backup of its volume is being made"}


class TestChains:
    def test_the_newest_of_a_chain_is_first_and_the_others_follow(self) -> None:
        found = retention([*CHAIN, NEW])
        assert removed(found) == ["i2"]
        assert [each.record.id for each in found.later] == ["i1", "f"]
        assert removed(retention([*CHAIN[:2], NEW])) == ["i1"]
        assert removed(retention([CHAIN[0], NEW])) == ["f"]

    def test_a_base_of_what_has_not_expired_stays(self) -> None:
        late = replace(CHAIN[2], expires=NOW + DAY)
        found = retention([*CHAIN[:2], late, NEW])
        assert removed(found) == []
        assert set(reasons(found)) == {"f", "i1"}

    def test_a_backup_that_cinder_says_others_build_on_is_never_removed(self) -> None:
        found = retention([OLD, NEW], [backup_of(OLD, has_dependent_backups=True), backup_of(NEW)])
        assert removed(found) == []
        assert found.kept[0].is_problem
        assert found.kept[0].why == "a backup that is not listed, which is not one of ours, builds on it"

    def test_a_backup_that_a_users_incremental_one_pins_is_reported_with_its_id(self) -> None:
        users = foreign_backup("u1", NOW - 19 * DAY, is_incremental=True)
        whole = foreign_backup("u2", NOW - 19 * DAY - HOUR)
        older = foreign_backup("u3", NOW - 25 * DAY, is_incremental=True)
        found = retention([OLD, NEW], [backup_of(OLD, has_dependent_backups=True), backup_of(NEW), users, whole, older])
        assert removed(found) == []
        assert found.kept[0].pinned_by == "u1"
        assert found.kept[0].why == "backup u1, which is not one of ours, builds on it"

    def test_the_bases_of_a_pinned_backup_stay(self) -> None:
        backups = [backup_of(CHAIN[0], has_dependent_backups=True), backup_of(CHAIN[1], has_dependent_backups=True)]
        found = retention([*CHAIN[:2], NEW], [*backups, backup_of(NEW)])
        assert removed(found) == []
        assert not found.later
        assert set(reasons(found)) == {"f", "i1"}


class TestOwnership:
    @pytest.mark.parametrize("values", [{"user_id": "alice"}, {"volume_id": "v2"}, {"project_id": "p2"}])
    def test_what_cinder_says_is_not_ours_is_never_removed(self, values: dict[str, str]) -> None:
        found = retention([OLD, NEW], [backup_of(OLD, **values), backup_of(NEW)])
        assert removed(found) == []
        assert found.kept[0].is_problem

    def test_a_mark_may_forbid_a_removal(self) -> None:
        found = retention([OLD, NEW], [backup_of(OLD, metadata={"glancesync_task": "an\nother"}), backup_of(NEW)])
        assert removed(found) == []
        assert found.kept[0].why == r"its glancesync_task was changed to 'an\x0aother'"

    def test_a_mark_never_causes_one(self) -> None:
        forged = {"__automated_backup": "True", "glancesync_task": "new", "glancesync_expires": "2020-01-01T00:00:00Z"}
        users = foreign_backup("u1", NOW - 400 * DAY, metadata=forged)
        by_hand = foreign_backup("u2", NOW - 400 * DAY, user_id="account", metadata=forged)
        ours = backup_of(NEW, metadata={"glancesync_task": "new", "glancesync_expires": "2020-01-01T00:00:00Z"})
        found = retention([NEW], [users, by_hand, ours])
        assert [*found.removals, *found.later, *found.kept] == []

    def test_without_marks_a_backup_goes_as_well(self) -> None:
        assert removed(retention([OLD, NEW], [backup_of(OLD, metadata={}), backup_of(NEW)])) == ["old"]


class TestFailures:
    def test_a_failed_backup_goes_when_that_is_reported(self) -> None:
        bad = make_record("x", NOW - HOUR, state=RecordState.FAILED, backup_id="b-x")
        backups = [backup_of(bad, status="error"), backup_of(NEW)]
        assert removed(retention([NEW, bad], backups)) == []
        found = retention([NEW, replace(bad, reported=True)], backups)
        assert removed(found) == ["x"]
        assert found.removals[0].why == "it failed, and that is reported"

    def test_one_that_took_too_long_goes_when_cinder_has_ended_it(self) -> None:
        bad = make_record("x", NOW - 13 * HOUR, state=RecordState.FAILED, backup_id="b-x", reported=True)
        assert reasons(retention([NEW, bad], [backup_of(bad, status="creating"), backup_of(NEW)])) == {
            "x": "it is creating"
        }
        assert removed(retention([NEW, bad], [backup_of(bad), backup_of(NEW)])) == ["x"]

    @pytest.mark.parametrize("status", ["deleting", "restoring"])
    def test_a_status_that_lasts_beyond_the_timeout_is_a_problem(self, status: str) -> None:
        for hours, is_problem in ((11, False), (13, True)):
            backups = [backup_of(OLD, status=status, updated_at=NOW - hours * HOUR), backup_of(NEW)]
            (kept,) = retention([OLD, NEW], backups).kept
            assert kept.is_problem is is_problem
        assert kept.why == f"its status is {status} for longer than 12h, in which Cinder does not delete it"

    def test_a_deletion_that_failed_is_a_problem(self) -> None:
        (kept,) = retention([OLD, NEW], [backup_of(OLD, status="error_deleting"), backup_of(NEW)]).kept
        assert kept.is_problem
        assert kept.why == "its status is error_deleting, in which Cinder does not delete it"

    def test_after_five_refusals_a_removal_is_tried_once_a_day(self) -> None:
        asked = replace(OLD, refusals=4, removal_asked=NOW - HOUR, last_refusal="Invalid\nbackup")
        assert removed(retention([asked, NEW])) == ["old"]
        stuck = replace(asked, refusals=5)
        found = retention([stuck, NEW])
        assert removed(found) == []
        assert found.kept[0].is_problem
        assert found.kept[0].why == "Cinder refused 5 times to delete it: Invalid backup"
        assert removed(retention([replace(stuck, removal_asked=NOW - DAY), NEW])) == ["old"]


class TestGone:
    def test_what_is_not_listed_is_looked_for_by_its_id(self) -> None:
        found = retention([OLD, NEW], [backup_of(NEW)])
        assert list(found.unconfirmed) == [OLD]
        assert not retention([OLD, NEW], [backup_of(NEW)], cut="backups").unconfirmed

    def test_a_backup_that_ended_after_the_listing_began_is_not(self) -> None:
        late = make_record("late", NOW - MINUTE, finished=NOW)
        assert not retention([late], []).unconfirmed
        assert list(retention([late], [], read_again={"v1": NOW + MINUTE}).unconfirmed) == [late]

    def test_two_answers_in_two_cycles_are_needed(self) -> None:
        assert not is_gone(OLD, NOW)
        assert not is_gone(replace(OLD, missing_since=NOW), NOW)
        assert is_gone(replace(OLD, missing_since=NOW - 10 * MINUTE), NOW)

    def test_what_is_listed_again_is_said(self) -> None:
        missed = replace(NEW, missing_since=NOW - HOUR)
        assert list(retention([missed]).found_again) == [missed]

    def test_a_failed_record_stays_until_it_is_outdated(self) -> None:
        """The time of the next try depends on it."""
        bad = make_record("x", NOW - DAY, state=RecordState.FAILED, backup_id="b-x", reported=True)
        assert list(retention([NEW, bad], [backup_of(NEW)]).unconfirmed) == [bad]
        gone = replace(bad, missing_since=NOW - HOUR)
        assert not is_gone(gone, NOW)
        found = retention([NEW, gone], [backup_of(NEW)])
        assert not found.unconfirmed
        assert not found.outdated
        assert list(retention([NEW, gone], [backup_of(NEW)], now=NOW + 14 * DAY).outdated) == [gone]

    def test_records_without_a_backup_are_outdated_in_the_end(self) -> None:
        lost = make_record("x", NOW - 15 * DAY, state=RecordState.LOST, reported=True)
        unreported = make_record("y", NOW - 15 * DAY, state=RecordState.FAILED)
        found = retention([lost, unreported, NEW])
        assert list(found.outdated) == [lost]


class TestWholeness:
    @pytest.mark.parametrize("name", ["projects", "servers", "volumes", "backups"])
    def test_a_listing_that_is_not_whole_removes_nothing(self, name: str) -> None:
        found = retention([OLD, NEW], cut=name)
        assert removed(found) == []
        assert found.problems == {"p1": f"the listing of {name} is not whole: 999 of 1000 came"}

    @pytest.mark.parametrize("seconds", [301.0, -301.0])
    def test_clocks_that_differ_remove_nothing(self, seconds: float) -> None:
        found = retention([OLD, NEW], clock_difference=seconds)
        assert found.problems == {"p1": "the clocks of this machine and of Keystone differ by 5 min 1 s"}
        assert removed(retention([OLD, NEW], clock_difference=300.0)) == ["old"]

    def test_in_a_project_that_is_gone_or_closed_nothing_is_removed(self) -> None:
        found = retention([OLD, NEW], projects=listed([]))
        assert found.problems == {"p1": "the project does not exist any more"}
        disabled = retention([OLD, NEW], projects=listed([Project("p1", "p1", "d", "D", enabled=False)]))
        assert disabled.problems == {"p1": "the project is disabled"}
        assert not disabled.removals
        assert retention([OLD, NEW], no_access={"p1": "no role"}).problems == {"p1": "no role"}

    def test_where_nothing_has_expired_there_is_no_problem(self) -> None:
        assert not retention([NEW], clock_difference=1000.0).problems

    def test_too_many_removals_are_none(self) -> None:
        many = [make_record(str(number), NOW - 20 * DAY - number * HOUR) for number in range(51)]
        assert len(removed(retention([*many[:50], NEW]))) == 50
        found = retention([*many, NEW])
        assert removed(found) == []
        assert found.problems == {
            "p1": "51 backups would be removed at once, more than 50; if that is right, "
            "run glancesync volumes run --allow-deletions 51 p1"
        }
        assert len(removed(retention([*many, NEW], allowed={"p1": 51}))) == 51
        assert removed(retention([*many, NEW], allowed={"p1": 50, "p2": 1000})) == []

    def test_a_project_with_many_volumes_may_have_twice_as_many(self) -> None:
        volumes = [make_volume(f"v{number}") for number in range(1, 27)]
        many = [make_record(str(number), NOW - 20 * DAY - number * HOUR) for number in range(53)]
        assert len(removed(retention([*many[:52], NEW], volumes=volumes))) == 52
        assert removed(retention([*many, NEW], volumes=volumes)) == []

    def test_those_that_go_later_count_as_well(self) -> None:
        chains = []
        for number in range(26):
            full = make_record(f"f{number}", NOW - 40 * DAY + number * HOUR)
            chains += [full, make_incremental(f"i{number}", full.id, full.due + 30 * MINUTE)]
        assert "52 backups" in retention([*chains, NEW]).problems["p1"]

    def test_one_project_does_not_stop_another(self) -> None:
        other = make_record("other", NOW - 20 * DAY, project_id="p2", volume_id="v2")
        newer = make_record("newer", NOW - DAY, project_id="p2", volume_id="v2")
        records = [OLD, NEW, other, newer]
        found = retention(records, volumes=[make_volume(), make_volume("v2", project_id="p2")], no_access={"p1": "x"})
        assert removed(found) == ["other"]


def test_a_time_in_the_future_of_a_removal_does_not_stop_it_for_long() -> None:
    stuck = replace(OLD, refusals=5, removal_asked=NOW + timedelta(days=3650))
    assert removed(retention([stuck, NEW])) == ["old"]
