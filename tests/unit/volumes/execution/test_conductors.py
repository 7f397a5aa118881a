"""Cycles of several conductors on one database, and cycles that are killed, on a cloud of stand-ins (volumes 4)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from fiwareglancesync.volumes.volume_model import RecordState, VolumeSettings
from tests.support.databases import Killed, broken_at
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database


def recorded_once(cloud: CloudStandIn, bench: CycleBench) -> None:
    """Check that each volume has one backup, and each backup one record, which is good."""
    backups = cloud.state.backups.values()
    assert Counter(backup.volume_id for backup in backups) == Counter(list(cloud.state.volumes))
    records = bench.records()
    assert {record.state for record in records} == {RecordState.GOOD}
    assert sorted(str(record.backup_id) for record in records) == sorted(backup.id for backup in backups)


def test_two_conductors_share_the_work_and_double_nothing(tmp_path: Path) -> None:
    with cloud_stand_in() as cloud:
        for number in range(4):
            project = cloud.add_project(f"project-{number}")
            volumes = [cloud.add_volume(f"v{each}", project=project) for each in range(2)]
            cloud.add_server("web", *volumes, project=project, backup="true")
        engine = new_database(tmp_path)
        settings = VolumeSettings(max_running=2)
        benches = [CycleBench(cloud, engine, settings) for _ in range(2)]
        with ThreadPoolExecutor(2) as threads:
            for _ in threads.map(CycleBench.cycle, benches):
                pass
        # What the one had not begun when the other one ended is due now.
        benches[0].cycle()
        recorded_once(cloud, benches[0])


@pytest.mark.outside
@pytest.mark.slow
def test_a_cycle_that_is_killed_before_any_statement_is_finished_by_the_next_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    number, begun = 0, [""]
    while len(begun) >= number:
        number += 1
        with cloud_stand_in() as cloud:
            cloud.add_server("web", cloud.add_volume(), backup="true")
            bench = CycleBench(cloud, new_database(tmp_path_factory.mktemp("killed")), VolumeSettings())
            with broken_at(number) as begun, suppress(Killed):
                bench.cycle()
            bench.cycle()
            recorded_once(cloud, bench)
    assert number > 20
