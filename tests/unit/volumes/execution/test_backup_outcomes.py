"""What is done about a backup that Cinder lists and cannot show (volumes 4.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.volume_events import Problem
from fiwareglancesync.volumes.volume_model import RecordState, VolumeSettings
from tests.support.stand_ins.cloud_stand_in import cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database

TEN_MINUTES = CycleOrder(seconds=600)


@pytest.mark.parametrize(("status", "state"), [(500, RecordState.FAILED), (503, RecordState.RUNNING)])
def test_a_backup_that_alone_cannot_be_read_fails_after_the_timeout_and_frees_its_place(
    tmp_path: Path, status: int, state: RecordState
) -> None:
    with cloud_stand_in() as cloud:
        bench = CycleBench(cloud, new_database(tmp_path), VolumeSettings(max_running=1))
        cloud.add_server("web", cloud.add_volume(), backup="true")
        cloud.fail(r"GET \S*/backups/[0-9a-f-]{36}\?", status, times=9999)
        with bench.cycles() as cycle:
            bench.when_waiting = lambda: bench.pass_time(minutes=4)
            bench.done(cycle, TEN_MINUTES)
            (record,) = bench.records()
            assert record.state is RecordState.RUNNING
            assert len([event for event in bench.events if isinstance(event, Problem)]) == 1
            bench.pass_time(hours=13)
            bench.done(cycle, TEN_MINUTES)
        assert bench.records()[0].state is state
