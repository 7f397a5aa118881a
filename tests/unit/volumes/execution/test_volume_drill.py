"""Restore drills on a cloud of stand-ins (volumes 1.3): what is done in Cinder, recorded and reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.openstack.request_outcome import Unknown
from fiwareglancesync.volumes.drill_model import DRILL_KEY, DrillState
from fiwareglancesync.volumes.drill_run import DrillBusy, DrillCounts
from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.volume_events import (
    DrillEnded,
    DrillInterrupted,
    DrillsChosen,
    Problem,
    RestoreRequested,
    TemporaryVolumeGone,
    TemporaryVolumeLeft,
    VolumeEvent,
)
from fiwareglancesync.volumes.volume_model import BackupType, VolumeSettings
from tests.support.stand_ins.cloud_stand_in import REGION, CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """A cloud in which a server has two volumes."""
    with cloud_stand_in() as found:
        found.add_server("web", found.add_volume("root"), found.add_volume("data"), backup="true")
        yield found


@pytest.fixture
def bench(cloud: CloudStandIn, tmp_path: Path) -> CycleBench:
    """The region, with a good backup of each volume."""
    made = CycleBench(cloud, new_database(tmp_path), VolumeSettings())
    made.cycle()
    return made


def temporary(cloud: CloudStandIn) -> list[str]:
    """The ids of the temporary volumes that are there."""
    return [volume.id for volume in cloud.state.volumes.values() if volume.name.startswith("glancesync-drill-")]


def kinds(events: list[VolumeEvent]) -> list[type]:
    return [type(event) for event in events]


def failed(events: list[VolumeEvent]) -> bool:
    """Whether the exit code would be 1."""
    counts = DrillCounts()
    for event in events:
        counts(event)
    return counts.has_failed


def test_a_drill_restores_the_newest_backup_and_leaves_nothing(cloud: CloudStandIn, bench: CycleBench) -> None:
    events = bench.drill()
    assert kinds(events) == [DrillsChosen, RestoreRequested, DrillEnded, TemporaryVolumeGone]
    assert events[0] == DrillsChosen(REGION, 1, 2, 0)
    (drill,) = bench.drills()
    assert drill.state is DrillState.GOOD
    assert drill.removed is not None
    assert drill.backup_id in cloud.state.backups
    assert temporary(cloud) == []
    assert not failed(events)


def test_the_temporary_volume_is_in_the_accounts_project_and_names_its_drill(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = next(iter(cloud.state.volumes.values()))
    cloud.state.volumes[volume.id].volume_type = "fast"
    seen = []
    restore = OpenStackBackups.restore

    def look(self: OpenStackBackups, backup_id: str, volume_id: str, **options: object) -> object:
        found = cloud.state.volumes[volume_id]
        (drill,) = [each for each in bench.drills() if not each.state.has_ended]
        assert (found.project_id, found.metadata) == (drill.own_project_id, {DRILL_KEY: drill.id})
        assert (drill.state, drill.temporary_id) == (DrillState.RESTORING, volume_id)
        seen.append((drill.volume_id, found.volume_type))
        return restore(self, backup_id, volume_id, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenStackBackups, "restore", look)
    bench.drill(2)
    assert dict(seen)[volume.id] == "fast"
    assert len(seen) == 2


def test_each_call_takes_the_volume_that_was_drilled_longest_ago(bench: CycleBench) -> None:
    for _ in range(4):
        bench.drill()
        bench.pass_time(minutes=1)
    first, second, third, fourth = (drill.volume_id for drill in bench.drills())
    assert (first, second) == (third, fourth)
    assert first != second


def test_what_is_due_is_not_drilled(bench: CycleBench) -> None:
    bench.pass_time(hours=25)
    events = bench.drill()
    assert events == [DrillsChosen(REGION, 0, 0, 2)]
    assert failed(events), "nothing was proven"
    assert bench.drills() == []


def test_a_drill_that_would_not_end_before_the_next_backup_is_not_begun(bench: CycleBench) -> None:
    bench.pass_time(hours=23, minutes=58)
    assert bench.drill()[0] == DrillsChosen(REGION, 0, 0, 2)


def test_a_backup_that_begins_meanwhile_comes_first(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = cloud.state.backups[bench.records()[0].backup_id or ""]
    other = cloud.state.backups[bench.records()[1].backup_id or ""]
    create = OpenStackBackups.create_volume

    def create_and_restore_elsewhere(self: OpenStackBackups, *arguments: object, **options: object) -> object:
        made = create(self, *arguments, **options)  # type: ignore[arg-type]
        cloud.state.is_paused = True
        for each in (backup, other):
            each.status = "restoring"
        return made

    monkeypatch.setattr(OpenStackBackups, "create_volume", create_and_restore_elsewhere)
    events = bench.drill()
    (drill,) = bench.drills()
    assert (drill.state, drill.reason) == (DrillState.UNDECIDED, "the backup is restoring")
    assert RestoreRequested not in kinds(events)
    assert temporary(cloud) == []


def test_a_restore_that_fails_is_an_error_of_the_backup(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = OpenStackBackups.restore

    def break_off(self: OpenStackBackups, backup_id: str, volume_id: str, **options: object) -> object:
        outcome = restore(self, backup_id, volume_id, **options)  # type: ignore[arg-type]
        cloud.state.backups[backup_id].status = "available"
        cloud.state.volumes[volume_id].status = "error_restoring"
        return outcome

    monkeypatch.setattr(OpenStackBackups, "restore", break_off)
    events = bench.drill()
    (drill,) = bench.drills()
    assert (drill.state, drill.reason) == (
        DrillState.FAILED,
        "Cinder reports the temporary volume as error_restoring",
    )
    assert temporary(cloud) == []
    assert failed(events)
    bench.pass_time(hours=24)
    bench.cycle()
    types = {(record.volume_id, record.drill_failed): record.type for record in bench.records()}
    assert types[drill.volume_id, True] is types[drill.volume_id, False] is BackupType.FULL


def test_a_quota_of_the_account_says_nothing_of_the_backup(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.state.quotas[bench.region.cloud.account().project_id]["gigabytes"] = 0
    events = bench.drill(2)
    assert [drill.state for drill in bench.drills()] == [DrillState.UNDECIDED] * 2
    assert all("no temporary volume: " in drill.reason and "quota is 0G" in drill.reason for drill in bench.drills())
    assert [drill for drill in bench.drills() if drill.removed is None] == []
    assert TemporaryVolumeGone not in kinds(events)
    assert failed(events)


def test_without_a_backup_service_nothing_is_drilled(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.state.backup_service_is_up = False
    assert bench.drill() == [Problem("", "no cinder-backup service is up: nothing is drilled")]


def test_without_a_whole_listing_nothing_is_drilled(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.state.list_limit = 1
    (event,) = bench.drill()
    assert isinstance(event, Problem)
    assert event.text.startswith("nothing is drilled: the listing of projects is not whole: ")


def test_one_drill_goes_on_in_a_region(bench: CycleBench) -> None:
    with ProjectLeases(bench.engine, REGION, "another") as leases:
        assert leases.take_drill() is not None
        with pytest.raises(DrillBusy, match="another drill goes on in region Spain; try again when it has ended"):
            bench.drill()
        bench.cycle()


def test_a_drill_takes_part_in_the_limit_of_backups(cloud: CloudStandIn, tmp_path: Path) -> None:
    bench = CycleBench(cloud, new_database(tmp_path), VolumeSettings(max_running=1))
    bench.cycle()
    cloud.add_server("db", cloud.add_volume("more"), backup="true")
    cloud.state.is_paused = True
    bench.cycle(CycleOrder(seconds=0))  # the backup of the new volume goes on
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        cloud.state.is_paused = False
        bench.cycle()

    bench.wait = wait
    bench.drill()
    assert waits
    assert [drill.state for drill in bench.drills()] == [DrillState.GOOD]


def test_an_unknown_outcome_is_looked_for_until_it_has_settled(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = OpenStackBackups.create_volume

    def lose_the_answer(self: OpenStackBackups, *arguments: object, **options: object) -> object:
        create(self, *arguments, **options)  # type: ignore[arg-type]
        return Unknown("no answer")

    monkeypatch.setattr(OpenStackBackups, "create_volume", lose_the_answer)
    events = bench.drill()
    assert [event.why for event in events if isinstance(event, TemporaryVolumeLeft)] == [
        "it is not known whether Cinder makes it"
    ]
    assert len(temporary(cloud)) == 1
    monkeypatch.undo()
    bench.cycle()
    assert temporary(cloud) == []
    assert TemporaryVolumeGone in kinds(bench.cycle())


def test_a_request_of_which_nothing_came_is_closed_when_it_has_settled(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenStackBackups, "create_volume", lambda *_, **__: Unknown("no answer"))
    bench.drill()
    bench.pass_time(minutes=14)
    assert TemporaryVolumeLeft in kinds(bench.cycle())
    bench.pass_time(minutes=2)
    bench.cycle()
    assert [drill.removed is not None for drill in bench.drills()] == [True]


@pytest.mark.parametrize("change", [{"name": "kept"}, {"project_id": "another"}])
def test_a_volume_that_is_not_exactly_what_the_row_names_stays(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    monkeypatch.setattr(OpenStackBackups, "delete_volume", lambda *_, **__: Unknown("no answer"))
    bench.drill()
    monkeypatch.undo()
    (volume_id,) = temporary(cloud)
    for name, value in change.items():
        setattr(cloud.state.volumes[volume_id], name, value)
    for events in (bench.cycle(), bench.drill()):
        left = [event.why for event in events if isinstance(event, TemporaryVolumeLeft)]
        assert len(left) == 1
        assert left[0].endswith("remove it yourself")
    assert volume_id in cloud.state.volumes


def test_volumes_with_a_forged_name_or_mark_stay(cloud: CloudStandIn, bench: CycleBench) -> None:
    bench.drill()
    (drill,) = bench.drills()
    forged = cloud.add_volume(drill.temporary_name)
    cloud.state.volumes[forged].metadata[DRILL_KEY] = drill.id
    bench.cycle()
    bench.drill()
    assert forged in cloud.state.volumes


def test_a_volume_that_is_still_restored_is_left_to_a_later_cycle(
    cloud: CloudStandIn, bench: CycleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def end(seconds: float) -> None:
        if bench.drills()[-1].state is DrillState.RESTORING:
            raise Killed

    usual = bench.wait
    bench.wait = end
    with pytest.raises(Killed):
        bench.drill()
    bench.wait = usual
    cloud.state.is_paused = True
    events = bench.cycle()
    assert DrillInterrupted in kinds(events)
    assert [event.why for event in events if isinstance(event, TemporaryVolumeLeft)] == [
        "its status is restoring-backup"
    ]
    cloud.state.is_paused = False
    bench.cycle()
    bench.cycle()
    assert temporary(cloud) == []
    assert [drill for drill in bench.drills() if drill.removed is None] == []
