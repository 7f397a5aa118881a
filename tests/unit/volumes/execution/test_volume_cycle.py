"""Cycles of volume backups on a cloud of stand-ins: what is requested, written down and removed (volumes 1–4)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from fiwareglancesync.locks.lease import leases
from fiwareglancesync.volumes.execution.cycle_order import CycleCounts, CycleOrder
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges, WrongState
from fiwareglancesync.volumes.state.volume_store import OtherAccount, VolumeStore
from fiwareglancesync.volumes.volume_events import (
    BackupEnded,
    BackupRequested,
    BackupUndecided,
    CycleStarted,
    Problem,
    VolumeEvent,
)
from fiwareglancesync.volumes.volume_model import BackupType, RecordState
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_cycles import CycleBench

FULL, INCREMENTAL = BackupType.FULL, BackupType.INCREMENTAL
CREATE = r"POST \S*/backups(\?|$)"


def posts(cloud: CloudStandIn) -> int:
    return sum(asked.method == "POST" and asked.path.endswith("/backups") for asked in cloud.http.requests)


def test_a_cycle_backs_up_the_volumes_of_marked_servers_alone(cloud: CloudStandIn, bench: CycleBench) -> None:
    volumes = [cloud.add_volume(f"v{number}") for number in range(3)]
    server = cloud.add_server("web", *volumes[:2], backup="true")
    cloud.add_server("db", volumes[2])
    events = bench.cycle()
    assert events[0] == CycleStarted("Spain", 2, 2)
    records = bench.records()
    assert sorted(record.volume_id for record in records) == sorted(volumes[:2])
    assert {(record.state, record.type) for record in records} == {(RecordState.GOOD, FULL)}
    assert {backup.user_id for backup in cloud.state.backups.values()} == {cloud.account}
    assert {backup.project_id for backup in cloud.state.backups.values()} == {cloud.tenant}
    last = max(record.finished for record in records if record.finished)
    assert cloud.state.servers[server].metadata["last-backup-time"] == f"{last:%Y-%m-%dT%H:%M:%SZ}"


def test_nothing_is_requested_before_it_is_due_again(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    bench.cycle()
    bench.pass_time(hours=23)
    bench.cycle()
    assert posts(cloud) == 1
    bench.pass_time(hours=2)
    bench.cycle()
    assert [record.type for record in bench.records()] == [FULL, INCREMENTAL]
    full, incremental = bench.records()
    assert incremental.parent_id == full.backup_id


def test_what_is_forced_is_due_now(cloud: CloudStandIn, bench: CycleBench) -> None:
    server = cloud.add_server("web", cloud.add_volume(), backup="true")
    bench.cycle()
    bench.pass_time(minutes=1)
    bench.cycle(CycleOrder(forced=[server]))
    assert len(bench.records()) == 2


def test_what_is_forced_and_is_not_there_is_reported(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    unmarked = cloud.add_server("db", cloud.add_volume())
    events = bench.cycle(CycleOrder(forced=[unmarked]))
    assert Problem("", f"{unmarked}: no server with the mark and no volume of one has this id") in events
    assert len(bench.records()) == 1


def test_what_is_forced_and_has_to_wait_is_reported(cloud: CloudStandIn, bench: CycleBench) -> None:
    volume = cloud.add_volume("data")
    cloud.add_server("web", volume, backup="true")
    cloud.state.volumes[volume].status = "extending"
    events = bench.cycle(CycleOrder(forced=[volume]))
    text = f"web/data ({volume}) is not backed up now: the volume is extending"
    assert Problem("Default/tenant", text) in events


def test_more_volumes_than_the_limits_permit_are_done_one_after_the_other(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.add_server("web", *(cloud.add_volume(f"v{number}") for number in range(5)), backup="true")
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.GOOD] * 5
    assert bench.waited


@pytest.mark.parametrize(("status", "is_done"), [(503, True), (0, True), (503, False)])
def test_an_unknown_outcome_is_found_or_lost_and_never_sent_again(
    cloud: CloudStandIn, bench: CycleBench, status: int, is_done: bool
) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    cloud.fail(CREATE, status, is_done=is_done)
    events = bench.cycle()
    assert [type(event) for event in events] == [CycleStarted, BackupUndecided]
    assert [record.state for record in bench.records()] == [RecordState.CREATING]
    bench.pass_time(minutes=1)
    bench.cycle()
    expected = RecordState.GOOD if is_done else RecordState.CREATING
    assert [record.state for record in bench.records()] == [expected]
    bench.pass_time(minutes=20)
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.GOOD if is_done else RecordState.LOST]
    assert posts(cloud) == 1


def test_a_quota_that_is_used_up_fails_one_backup_and_leaves_the_others_of_the_project_alone(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.add_server("web", *(cloud.add_volume(f"v{number}") for number in range(3)), backup="true")
    text = "BackupLimitExceeded: Maximum number of backups allowed (10) exceeded"
    cloud.fail(CREATE, 413, times=9, document={"overLimit": {"code": 413, "message": text}})
    counts = CycleCounts()
    for event in bench.cycle():
        counts(event)
    assert (counts.failed, counts.has_failed, posts(cloud)) == (1, True, 1)
    (record,) = bench.records()
    assert record.state is RecordState.FAILED
    assert "Maximum number of backups allowed (10) exceeded" in record.reason


def test_a_volume_in_a_wrong_state_has_failed_and_is_tried_after_an_hour(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    volume = cloud.add_volume()
    cloud.add_server("web", volume, backup="true")
    cloud.state.volumes[volume].status = "error"
    bench.cycle()
    bench.cycle()
    assert [(record.state, record.reason) for record in bench.records()] == [
        (RecordState.FAILED, "the volume is error")
    ]
    cloud.state.volumes[volume].status = "in-use"
    bench.pass_time(minutes=61)
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.FAILED, RecordState.GOOD]


def test_an_incremental_backup_without_a_parent_becomes_a_full_one_in_the_same_cycle(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    bench.cycle()
    bench.pass_time(hours=25)
    text = "Invalid backup: No backups available to do an incremental backup."
    cloud.fail(CREATE, 400, document={"badRequest": {"code": 400, "message": text}})
    bench.cycle()
    assert [(record.type, record.state) for record in bench.records()] == [(FULL, RecordState.GOOD)] * 2
    assert posts(cloud) == 3


def test_expired_backups_go_after_two_cycles_without_them_but_for_the_last_good_chain(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    for _ in range(4):  # F I I F
        bench.cycle()
        bench.pass_time(hours=25)
    assert len(cloud.state.backups) == 4
    cloud.state.servers.clear()  # so that nothing new is due
    cloud.changed()
    bench.pass_time(days=15)
    with bench.cycles() as cycle:
        for _ in range(8):
            bench.done(cycle)
            bench.pass_time(minutes=10)
    (left,) = cloud.state.backups.values()
    assert [record.backup_id for record in bench.records()] == [left.id]
    assert left.parent_id is None


def test_a_project_that_another_conductor_has_is_left_to_it(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    with bench.cycles() as other:
        bench.done(other)
        bench.pass_time(hours=25)
        events = bench.cycle()
        assert not [event for event in events if isinstance(event, BackupRequested | BackupEnded)]
        text = "1 volume is due; another conductor has the project, and backs it up"
        assert events[-1] == Problem("Default/tenant", text, is_failure=False)
    bench.cycle()
    assert len(bench.records()) == 2


def test_what_is_forced_in_a_project_that_another_conductor_has_is_a_failure(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    server = cloud.add_server("web", cloud.add_volume(), cloud.add_volume(), backup="true")
    with bench.cycles() as other:
        bench.done(other)
        bench.pass_time(minutes=2)
        events = bench.cycle(CycleOrder(forced=[server]))
    text = "2 volumes are due; another conductor has the project, and does not know of --now: stop it first"
    assert events[-1] == Problem("Default/tenant", text)


def test_a_conductor_says_nothing_of_projects_that_another_one_has(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    with bench.cycles() as other:
        bench.done(other)
        bench.pass_time(hours=25)
        assert [type(event) for event in bench.cycle(CycleOrder(seconds=600))] == [CycleStarted]


def test_a_project_that_is_lost_while_backups_are_made_ends_the_work_on_it_and_nothing_else(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.add_server("web", *(cloud.add_volume(f"v{number}") for number in range(3)), backup="true")
    events: list[VolumeEvent] = []

    def lose_at_first_end(event: VolumeEvent) -> None:
        events.append(event)
        if isinstance(event, BackupEnded):
            with bench.engine.begin() as connection:
                theirs = {"token": "another conductor's", "expires": leases.c.expires + 3600.0}
                connection.execute(update(leases).values(theirs))

    with bench.region.cycles(lose_at_first_end, lambda seconds: None) as cycle:
        cycle.run(CycleOrder())
    assert [event for event in events if isinstance(event, Problem) and "has taken over" in event.text]
    assert posts(cloud) == 2
    assert sorted(record.state.value for record in bench.records()) == ["good", "running"]
    with bench.engine.begin() as connection:
        connection.execute(update(leases).values(expires=0.0))
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.GOOD] * 3


def lists(cloud: CloudStandIn) -> list[str]:
    """The volume of each listing of backups, "" for one of all."""
    asked = [each for each in cloud.http.requests if each.method == "GET" and each.path.endswith("/backups/detail")]
    return [each.query.get("volume_id", "") for each in asked if each.query.get("limit") != "1"]


def test_backups_are_listed_as_a_whole_at_first_and_then_those_of_volumes_that_are_due(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    volumes = [cloud.add_volume(f"v{number}") for number in range(3)]
    cloud.add_server("web", *volumes, backup="true")
    with bench.cycles() as cycle:
        bench.done(cycle)
        assert set(lists(cloud)) == {""}
        cloud.http.requests.clear()
        bench.pass_time(minutes=10)
        bench.done(cycle)
        assert lists(cloud) == []
        bench.pass_time(minutes=1)
        bench.done(cycle, CycleOrder(forced=volumes[:1]))
        assert lists(cloud) == volumes[:1]
        cloud.http.requests.clear()
        bench.pass_time(minutes=1)
        bench.done(cycle, CycleOrder(forced=volumes))
        assert lists(cloud) == [""]
    assert [record.type for record in bench.records()].count(INCREMENTAL) == 4


def test_a_service_that_is_down_is_reported_and_nothing_begins(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    cloud.state.backup_service_is_up = False
    events = bench.cycle()
    assert Problem("", "no cinder-backup service is up: nothing is begun") in events
    assert posts(cloud) == 0


def test_a_record_that_another_process_has_changed_costs_its_project_one_cycle(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")

    def wrong(*_: object) -> bool:
        raise WrongState("not in the state that is expected")

    with monkeypatch.context() as patched:
        patched.setattr(VolumeChanges, "creating", wrong)
        assert Problem("Default/tenant", "not in the state that is expected") in bench.cycle()
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.GOOD]


def test_what_is_odd_in_the_metadata_of_a_server_is_reported_with_names(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    server = cloud.add_server("web", cloud.add_volume(), **{"backup": "true", "backup-interval": "daily"})
    (problem,) = [event for event in bench.cycle() if isinstance(event, Problem)]
    assert problem.project == "Default/tenant"
    assert problem.text.startswith(f"server web ({server}): backup-interval is 'daily'; expected ")


def test_the_backups_of_another_account_are_left_alone(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    VolumeStore(bench.engine, "Spain").claim("another")
    with pytest.raises(OtherAccount, match="that user another made in region Spain"):
        bench.cycle()
    assert posts(cloud) == 0
