"""What begins within the limits, and what is read just before it begins (volumes 2.4, 2.5 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.volume_events import BackupEnded, BackupPostponed, BackupRequested, VolumeEvent
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, VolumeSettings
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.stand_ins.cloud_state import now
from tests.support.stand_ins.http_stand_in import Fault
from tests.support.volume_cycles import CycleBench, new_database

SHORT = CycleOrder(seconds=0)
"""A cycle that waits for no backup."""

OTHERS = 1001
"""Backups of a volume that is not backed up: so many that single volumes are read, and not all again."""


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    with cloud_stand_in() as cloud:
        cloud.add_backups(cloud.add_volume("others"), OTHERS)
        yield cloud


@pytest.fixture
def bench(cloud: CloudStandIn, tmp_path: Path) -> CycleBench:
    return CycleBench(cloud, new_database(tmp_path), VolumeSettings(max_running=2))


def volumes_read(cloud: CloudStandIn) -> list[str]:
    """The volume of each listing of backups, "" for one of all, since the last call."""
    asked = [each for each in cloud.http.requests if each.method == "GET" and each.path.endswith("/backups/detail")]
    cloud.http.requests.clear()
    return [each.query.get("volume_id", "") for each in asked if "marker" not in each.query]


def begun(events: list[VolumeEvent]) -> list[BackupRecord]:
    return [event.record for event in events if isinstance(event, BackupRequested)]


def cycle_with(bench: CycleBench, wait: Callable[[float], None]) -> list[VolumeEvent]:
    """A cycle that calls a function instead of waiting."""
    events: list[VolumeEvent] = []
    with bench.region.cycles(events.append, wait) as cycle:
        cycle.run(CycleOrder())
    return events


def test_the_backups_of_what_waits_are_not_read(cloud: CloudStandIn, bench: CycleBench) -> None:
    volumes = {cloud.add_volume(f"v{number}") for number in range(5)}
    cloud.add_server("web", *volumes, backup="true")
    with bench.cycles() as cycle:
        first = begun(bench.done(cycle, SHORT))
        assert set(volumes_read(cloud)) == {""}
        bench.pass_time(minutes=10)
        second = begun(bench.done(cycle, SHORT))
    assert len(first) == len(second) == 2
    assert sorted(volumes_read(cloud)) == sorted(record.volume_id for record in second)


def test_a_backup_that_a_user_made_meanwhile_makes_the_next_one_full(cloud: CloudStandIn, bench: CycleBench) -> None:
    volumes = [cloud.add_volume(f"v{number}") for number in range(3)]
    cloud.add_server("web", *volumes, backup="true")
    bench.cycle()
    bench.pass_time(hours=25)
    waits: list[float] = []

    def user_makes_backups(seconds: float) -> None:
        if not waits:
            for volume in volumes:
                cloud.add_backups(volume, user=cloud.alice, since=now())
            bench.pass_time(minutes=2)
        waits.append(seconds)

    made = begun(cycle_with(bench, user_makes_backups))
    assert [record.type for record in made] == [BackupType.INCREMENTAL, BackupType.INCREMENTAL, BackupType.FULL]


def test_where_backups_cannot_be_read_nothing_begins_in_the_project_and_others_go_on(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    other = cloud.add_project("other")
    for project in (cloud.tenant, other):
        volumes = [cloud.add_volume(f"v{number}", project=project) for number in range(3)]
        cloud.add_server("web", *volumes, project=project, backup="true")
    faults: list[Fault] = []

    def refuse_the_tenant(seconds: float) -> None:
        if not faults:
            bench.pass_time(minutes=2)
            waiting = set(cloud.state.volumes) - {record.volume_id for record in bench.records()}
            for volume in waiting:
                if cloud.state.volumes[volume].project_id == cloud.tenant:
                    faults.append(cloud.fail(f"GET .*volume_id={volume}", 500, times=99))

    events = cycle_with(bench, refuse_the_tenant)
    assert [(event.record.project_id, event.is_failure) for event in events if isinstance(event, BackupPostponed)] == [
        (cloud.tenant, True)
    ]
    ended = [event.record.project_id for event in events if isinstance(event, BackupEnded)]
    assert sorted(map(ended.count, (cloud.tenant, other))) == [1, 3]


def test_a_volume_whose_only_backups_are_being_restored_meanwhile_waits(cloud: CloudStandIn, bench: CycleBench) -> None:
    volumes = [cloud.add_volume(f"v{number}") for number in range(3)]
    cloud.add_server("web", *volumes, backup="true")
    bench.cycle()
    bench.pass_time(hours=25)

    def restore_all(seconds: float) -> None:
        bench.pass_time(minutes=2)
        cloud.state.is_paused = True
        for backup in cloud.state.backups.values():
            if backup.volume_id in volumes and backup.status == "available":
                backup.status = "restoring"

    events = cycle_with(bench, restore_all)
    assert [(event.why, event.is_failure) for event in events if isinstance(event, BackupPostponed)] == [
        ("its only backups are being restored", False)
    ]
