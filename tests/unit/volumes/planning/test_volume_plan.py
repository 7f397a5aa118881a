"""The plan says of each volume what is done with it now, and why (volumes 1, 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import Project, ServiceState
from fiwareglancesync.volumes.planning.volume_inventory import VolumeInventory
from fiwareglancesync.volumes.planning.volume_plan import (
    PASSING,
    VolumeEntry,
    VolumePlan,
    new_record,
    plan_volumes,
    volumes_to_read,
)
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, Verdict, VolumeSettings
from tests.support.volumes import (
    DAY,
    HOUR,
    MARK,
    MINUTE,
    NOW,
    backup_of,
    foreign_backup,
    listed,
    make_inventory,
    make_record,
    make_server,
    make_volume,
)

SETTINGS = VolumeSettings()
NIGHT = VolumeSettings(backup_window=(22 * 60, 6 * 60))


def plan(
    inventory: VolumeInventory | None = None,
    *records: BackupRecord,
    settings: VolumeSettings = SETTINGS,
    now: datetime = NOW,
    forced: tuple[str, ...] = (),
) -> VolumePlan:
    return plan_volumes(inventory or make_inventory(), records, settings, now, forced)


def only(
    inventory: VolumeInventory | None = None,
    *records: BackupRecord,
    settings: VolumeSettings = SETTINGS,
    now: datetime = NOW,
) -> VolumeEntry:
    (entry,) = plan(inventory, *records, settings=settings, now=now).entries
    return entry


def said(entry: VolumeEntry) -> tuple[Verdict, str]:
    return entry.verdict, entry.why


class TestVerdicts:
    def test_a_new_volume_is_backed_up_wholly_at_once(self) -> None:
        entry = only()
        assert said(entry) == (Verdict.FULL, "it is the first backup")
        assert (entry.due, entry.begins, entry.project_name) == (NOW, True, "Default/p1")

    def test_later_ones_are_incremental(self) -> None:
        last = make_record()
        entry = only(make_inventory(backups=[backup_of(last)]), last)
        assert said(entry) == (Verdict.INCREMENTAL, "it is number 1 after a full backup")

    def test_a_volume_that_is_not_due_waits_with_the_time(self) -> None:
        last = make_record(due=NOW - HOUR)
        entry = only(make_inventory(backups=[backup_of(last)]), last)
        assert said(entry) == (Verdict.WAIT, "it is not due yet")
        assert entry.until == NOW + 23 * HOUR
        assert not entry.begins

    def test_a_volume_that_is_to_be_left_out_is_skipped_once(self) -> None:
        volume = make_volume(metadata={"skip-volume-backup": "true"})
        entry = only(make_inventory([make_server("s1"), make_server("s2")], [volume]))
        assert said(entry) == (Verdict.SKIP, "the volume has skip-volume-backup")

    def test_a_server_without_volumes_is_skipped(self) -> None:
        assert said(only(make_inventory([make_server(volumes=[])], []))) == (Verdict.SKIP, "the server has no volumes")

    def test_a_volume_that_cinder_does_not_list_waits(self) -> None:
        verdict, why = said(only(make_inventory(volumes=[])))
        assert (verdict, why) == (Verdict.WAIT, "Nova has it attached, and Cinder does not list it")

    @pytest.mark.parametrize("status", ["available", "in-use"])
    def test_these_states_are_backed_up(self, status: str) -> None:
        assert only(make_inventory(volumes=[make_volume(status=status)])).verdict is Verdict.FULL

    @pytest.mark.parametrize("status", sorted(PASSING))
    def test_these_states_pass(self, status: str) -> None:
        backups = [foreign_backup("u", NOW, status="creating")]
        entry = only(make_inventory(volumes=[make_volume(status=status)], backups=backups))
        assert said(entry) == (Verdict.WAIT, f"the volume is {status}")

    @pytest.mark.parametrize("status", ["error", "error_extending", "error_backing-up", "deleting", "in-usex", ""])
    def test_all_other_states_are_failures(self, status: str) -> None:
        entry = only(make_inventory(volumes=[make_volume(status=status)]))
        assert said(entry) == (Verdict.FAIL, f"the volume is {status}")
        assert not entry.begins

    def test_in_a_disabled_or_closed_project_nothing_is_done(self) -> None:
        disabled = make_inventory(projects=listed([Project("p1", "p1", "default", "Default", enabled=False)]))
        assert said(only(disabled)) == (Verdict.SKIP, "the project is disabled")
        closed = make_inventory(no_access={"p1": "the account has no role in the project"})
        assert said(only(closed)) == (Verdict.SKIP, "the account has no role in the project")

    @pytest.mark.parametrize(
        "services",
        [
            [],
            [ServiceState("cinder-volume", "h", True)],
            [ServiceState("cinder-backup", "h", False)],
            [ServiceState("cinder-backup", "h", True, is_enabled=False)],
        ],
    )
    def test_nothing_begins_without_a_backup_service(self, services: list[ServiceState]) -> None:
        entry = only(make_inventory(services=services))
        assert said(entry) == (Verdict.WAIT, "no cinder-backup service is up")

    def test_a_volume_whose_only_backups_are_restored_waits(self) -> None:
        last = make_record()
        entry = only(make_inventory(backups=[backup_of(last, status="restoring")]), last)
        assert said(entry) == (Verdict.WAIT, "its only backups are being restored")


class TestTimes:
    def test_a_passing_state_fails_in_the_last_cycle_of_the_window(self) -> None:
        inventory = make_inventory(volumes=[make_volume(status="attaching")])
        closing = NOW + 18 * HOUR
        early = only(inventory, settings=NIGHT, now=closing - 11 * MINUTE)
        assert (early.verdict, early.until) == (Verdict.WAIT, closing)
        late = only(inventory, settings=NIGHT, now=closing - 10 * MINUTE)
        assert said(late) == (Verdict.FAIL, "the volume is attaching, for too long")
        assert late.due == closing - 10 * MINUTE

    def test_without_a_window_it_fails_before_the_next_due_time(self) -> None:
        inventory = make_inventory(volumes=[make_volume(status="attaching")])
        last = make_record()
        assert only(inventory, last, now=NOW + 23 * HOUR).verdict is Verdict.WAIT
        assert only(inventory, last, now=NOW + DAY - 10 * MINUTE).verdict is Verdict.FAIL

    def test_outside_of_the_window_a_volume_waits_for_its_opening(self) -> None:
        entry = only(settings=NIGHT)
        assert (entry.verdict, entry.until) == (Verdict.WAIT, NOW + 10 * HOUR)

    def test_a_server_has_an_interval_of_its_own(self) -> None:
        server = make_server(metadata={**MARK, "backup-interval": "6h"})
        last = make_record(due=NOW - 6 * HOUR)
        assert only(make_inventory([server], backups=[backup_of(last)]), last).due == NOW

    @pytest.mark.parametrize("word", ["v1", "s1"])
    def test_an_operator_can_have_a_volume_backed_up_now(self, word: str) -> None:
        last = make_record(due=NOW)
        (entry,) = plan(make_inventory(backups=[backup_of(last)]), last, settings=NIGHT, forced=(word,)).entries
        assert (entry.verdict, entry.due) == (Verdict.INCREMENTAL, NOW + timedelta(seconds=1))
        (entry,) = plan(make_inventory(volumes=[make_volume(status="error")]), forced=(word,)).entries
        assert entry.verdict is Verdict.FAIL


class TestOpenRecords:
    def test_a_running_backup_keeps_its_volume_waiting(self) -> None:
        running = make_record(state=RecordState.RUNNING)
        entry = only(make_inventory(volumes=[make_volume(status="backing-up")]), running)
        assert said(entry) == (Verdict.WAIT, "a backup of it is being made")
        assert not entry.is_stuck

    def test_a_request_with_an_unknown_outcome_keeps_its_volume_waiting(self) -> None:
        unknown = make_record(due=NOW - MINUTE, state=RecordState.CREATING)
        entry = only(None, unknown)
        assert said(entry) == (Verdict.WAIT, "the result of the last request is not known yet")
        assert entry.until == NOW + 14 * MINUTE

    def test_a_planned_record_is_carried_out(self) -> None:
        planned = make_record(due=NOW - MINUTE, state=RecordState.PLANNED)
        entry = only(None, planned)
        assert (entry.verdict, entry.due, entry.record) == (Verdict.FULL, planned.due, planned)
        assert new_record(entry, "other", NOW).id == planned.id

    def test_a_planned_record_of_a_volume_that_is_not_backed_up_any_more_is_abandoned(self) -> None:
        planned = make_record(state=RecordState.PLANNED)
        unmarked = make_inventory([make_server(metadata={})])
        assert list(plan(unmarked, planned).abandoned) == [planned]
        assert not plan(None, planned).abandoned
        assert not plan(replace(unmarked, servers=listed([], whole=False, reason="cut")), planned).abandoned

    def test_a_volume_that_is_backing_up_without_a_backup_is_stuck(self) -> None:
        volumes = [make_volume(status="backing-up")]
        entry = only(make_inventory(volumes=volumes))
        assert entry.is_stuck
        assert entry.why == "the volume is backing-up, but no backup of it is being made: set its state back"
        users = foreign_backup("u", NOW, status="creating")
        assert not only(make_inventory(volumes=volumes, backups=[users])).is_stuck
        unknown = make_record(due=NOW - MINUTE, state=RecordState.CREATING)
        assert not only(make_inventory(volumes=volumes), unknown).is_stuck
        assert only(make_inventory(volumes=volumes), unknown, now=NOW + HOUR).is_stuck
        last = make_record(due=NOW - HOUR)
        assert only(make_inventory(volumes=volumes, backups=[backup_of(last)]), last).is_stuck


class TestSeveralVolumes:
    def test_limits_leave_the_others_waiting_with_a_reason(self) -> None:
        volumes = [make_volume(f"v{number}") for number in range(4)]
        found = plan(make_inventory([make_server(volumes=[each.id for each in volumes])], volumes))
        assert [entry.volume_id for entry in found.beginning] == ["v0", "v1"]
        assert [entry.begins for entry in found.entries] == [True, True, False, False]
        assert found.entries[2].why == "it is the first backup; waits, as 2 run in its project"
        one = plan(
            make_inventory([make_server(volumes=[each.id for each in volumes])], volumes),
            settings=VolumeSettings(max_running=1),
        )
        assert one.entries[1].why == "it is the first backup; waits for other backups to end"

    def test_running_backups_count(self) -> None:
        servers = [make_server("s1", ["v1", "v2"]), make_server("s2", ["v3"], project_id="p2")]
        volumes = [make_volume("v1"), make_volume("v2"), make_volume("v3", project_id="p2")]
        running = [
            make_record("a", volume_id="x1", state=RecordState.RUNNING),
            make_record("b", volume_id="x2", state=RecordState.CREATING),
        ]
        services = [ServiceState("cinder-backup", f"host-{number}", True) for number in (1, 2)]
        found = plan(
            make_inventory(servers, volumes, [backup_of(running[0], host="host-1")], services=services), *running
        )
        assert [entry.volume_id for entry in found.beginning] == ["v3"]

    def test_a_volume_of_two_servers_has_the_name_of_the_first(self) -> None:
        entry = only(make_inventory([make_server("s2"), make_server("s1")]))
        assert entry.server.id == "s1"
        assert entry.marked is not None
        assert [server.id for server in entry.marked.servers] == ["s1", "s2"]

    def test_entries_are_in_the_order_of_their_names(self) -> None:
        servers = [
            make_server("s1", ["v1"], name="web", project_id="p2"),
            make_server("s2", ["v3", "v2"], name="db"),
            make_server("s3", [], name="app"),
        ]
        volumes = [make_volume("v1", project_id="p2"), make_volume("v2", name="b"), make_volume("v3", name="a")]
        found = plan(make_inventory(servers, volumes))
        assert [(e.project_id, e.server.name, e.volume_id) for e in found.entries] == [
            ("p1", "app", ""), ("p1", "db", "v3"), ("p1", "db", "v2"), ("p2", "web", "v1"),
        ]  # fmt: skip

    def test_servers_without_the_mark_and_wrong_metadata_are_named(self) -> None:
        wrong = make_server("s1", metadata={**MARK, "backup-interval": "soon"})
        found = plan(make_inventory([wrong, make_server("s2", metadata={})]))
        assert [server.id for server in found.unprotected] == ["s2"]
        assert [server.id for server, _ in found.warnings] == ["s1"]

    def test_the_backups_of_volumes_that_are_due_or_stuck_or_unknown_are_read_before(self) -> None:
        servers = [make_server(volumes=["v1", "v2", "v3", "v4"])]
        volumes = [make_volume("v1"), make_volume("v2", status="backing-up"), make_volume("v3"), make_volume("v4")]
        records = [
            make_record("r3", NOW - HOUR, volume_id="v3"),
            make_record("r4", NOW - MINUTE, volume_id="v4", state=RecordState.CREATING),
        ]
        found = plan(make_inventory(servers, volumes), *records)
        assert volumes_to_read(found, records) == {"v1": "p1", "v2": "p1", "v4": "p1"}


    def test_the_backups_of_volumes_that_wait_for_others_are_not_read_before(self) -> None:
        volumes = [make_volume("v1"), make_volume("v2")]
        one = VolumeSettings(max_running=1)
        found = plan(make_inventory([make_server(volumes=["v1", "v2"])], volumes), settings=one)
        assert volumes_to_read(found, ()) == {"v1": "p1"}


class TestRecords:
    def test_a_record_has_all_that_is_needed_when_the_server_is_gone(self) -> None:
        server = make_server(name="web\n1", metadata={**MARK, "backup-retention": "3w"})
        record = new_record(only(make_inventory([server], [make_volume(name="")])), "id", NOW)
        assert record == BackupRecord(
            id="id", project_id="p1", project_name="Default/p1", server_id="s1", server_name="web\n1", volume_id="v1",
            volume_name="", due=NOW, type=BackupType.FULL, state=RecordState.PLANNED,
            name="web_1_v1_20260310T120000Z", interval=86400, retention=21 * 86400, size=10,
        )  # fmt: skip

    def test_a_failure_without_a_request_is_recorded_as_one(self) -> None:
        record = new_record(only(make_inventory(volumes=[make_volume(status="error")])), "id", NOW)
        assert (record.state, record.reason, record.finished) == (RecordState.FAILED, "the volume is error", NOW)

    def test_there_is_no_record_of_a_volume_without_a_due_time(self) -> None:
        with pytest.raises(ValueError, match="not due"):
            new_record(only(make_inventory([make_server(volumes=[])], [])), "id", NOW)


states = st.sampled_from(["in-use", "available", "attaching", "backing-up", "error"])


@given(
    st.lists(st.tuples(states, st.integers(0, 60), st.sampled_from(list(RecordState))), min_size=1, max_size=12),
    st.sampled_from([SETTINGS, NIGHT]),
)
def test_each_volume_has_one_entry_and_none_begins_that_is_not_due(
    made: list[tuple[str, int, RecordState]], settings: VolumeSettings
) -> None:
    volumes = [make_volume(f"v{number}", status=status) for number, (status, _, _) in enumerate(made)]
    records = [
        make_record(f"r{number}", NOW - hours * HOUR, volume_id=f"v{number}", state=state)
        for number, (_, hours, state) in enumerate(made)
    ]
    backups = [backup_of(record) for record in records if record.backup_id]
    inventory = make_inventory([make_server(volumes=[volume.id for volume in volumes])], volumes, backups)
    found = plan(inventory, *records, settings=settings)
    assert sorted(entry.volume_id for entry in found.entries) == sorted(volume.id for volume in volumes)
    assert list(found.beginning) == [each for each in found.beginning if each.begins]
    dues = {(record.volume_id, record.due) for record in records if record.state is not RecordState.PLANNED}
    for entry in found.entries:
        assert entry.why
        if entry.begins or entry.verdict is Verdict.FAIL:
            assert entry.due is not None
            assert entry.due <= NOW
            assert (entry.volume_id, entry.due) not in dues
        if entry.begins:
            assert entry.verdict in (Verdict.FULL, Verdict.INCREMENTAL)
