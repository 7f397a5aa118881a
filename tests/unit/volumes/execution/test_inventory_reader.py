"""What a conductor reads again, and what it goes on with (volumes 3, 4 and 8)."""

from __future__ import annotations

from datetime import timedelta

from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.volume_events import Problem
from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_cycles import CycleBench

SHORT = CycleOrder(seconds=-1)
"""A cycle that waits for no backup."""

ALL_BACKUPS = r"GET \S*/backups/detail\?(?!.*volume_id)"


def problems(bench: CycleBench) -> list[str]:
    return [event.text for event in bench.events if isinstance(event, Problem)]


def test_a_listing_that_was_cut_off_is_made_again_by_the_next_cycle(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    with bench.cycles() as cycle:
        fault = cloud.fail(ALL_BACKUPS, 500, times=9)
        bench.done(cycle)
        fault.times = 0
        assert [text for text in problems(bench) if "the listing of backups is not whole" in text]
        bench.pass_time(minutes=10)
        bench.done(cycle)
    assert problems(bench) == []


def test_a_listing_in_memory_from_the_future_is_made_again(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_server("web", cloud.add_volume(), backup="true")
    with bench.cycles() as cycle:
        bench.later = timedelta(days=365)
        bench.done(cycle)
        bench.later = timedelta()
        del cloud.http.requests[:]
        bench.done(cycle)
    listed = [asked.path.rpartition("/volume")[2] for asked in cloud.http.requests if "volume_id" not in asked.query]
    assert [path for path in listed if path.endswith("/backups/detail")]


def test_a_backup_that_cannot_be_read_keeps_no_other_from_being_made(cloud: CloudStandIn, bench: CycleBench) -> None:
    cloud.add_backups(cloud.add_volume("many"), 1001)  # so many that single backups are read
    slow, other = cloud.add_volume("slow"), cloud.add_volume("other", project=cloud.add_project("other"))
    cloud.add_server("web", slow, backup="true")
    cloud.state.is_paused = True
    with bench.cycles() as cycle:
        bench.done(cycle, SHORT)
        (running,) = bench.records()
        assert running.state is RecordState.RUNNING
        cloud.state.is_paused = False
        cloud.add_server("db", other, project=cloud.state.volumes[other].project_id, backup="true")
        cloud.fail(rf"GET \S*/backups/{running.backup_id}(\?|$)", 500, times=99)
        bench.pass_time(minutes=10)
        bench.done(cycle, SHORT)
        bench.done(cycle, SHORT)
    assert {record.volume_id: record.state for record in bench.records()} == {
        slow: RecordState.RUNNING, other: RecordState.GOOD,
    }  # fmt: skip
