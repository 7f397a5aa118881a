"""A drill is killed at each of its writes and requests; what comes next leaves no temporary volume and no open row."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from fiwareglancesync.locks.lease import leases
from fiwareglancesync.volumes.drill_model import DrillState
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.drill_store import DrillChanges
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.kill_points import Killed, killed_at
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database

POINTS = (
    (DrillChanges, ("begin", "made", "restoring", "ended", "removed")),
    (OpenStackBackups, ("create_volume", "restore", "delete_volume")),
)


def kill(bench: CycleBench, number: int) -> bool:
    """Do a drill that ends at a point; its lease runs out.

    :return: whether there was such a point
    """
    with killed_at(number, POINTS):
        try:
            bench.drill()
        except Killed:
            with bench.engine.begin() as connection:
                connection.execute(update(leases).values(expires=0.0))
            return True
    return False


def go_on(bench: CycleBench, by: str) -> None:
    """Do what comes next, twice: Cinder removes a volume after it was asked for."""
    for _ in range(2):
        if by == "drill":
            bench.drill()
        else:
            bench.cycle()


def check(bench: CycleBench, cloud: CloudStandIn, volumes: set[str], number: int) -> None:
    """What holds after any interruption."""
    assert set(cloud.state.volumes) == volumes, f"point {number}: a temporary volume is there, or another one is gone"
    for drill in bench.drills():
        assert drill.state.has_ended, f"point {number}: the row is open"
        assert drill.removed is not None, f"point {number}: the row is not closed"
    assert {backup.status for backup in cloud.state.backups.values()} == {"available"}


STEPS = [5, pytest.param(1, marks=pytest.mark.slow)]
"""At every how many points: each one takes seconds."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("by", ["drill", "cycle"])
def test_killed_at_each_write_and_request(tmp_path: Path, by: str, step: int) -> None:
    number = 1 - step
    while True:
        number += step
        with cloud_stand_in() as cloud:
            folder = tmp_path / str(number)
            folder.mkdir()
            bench = CycleBench(cloud, new_database(folder), VolumeSettings())
            cloud.add_server("web", cloud.add_volume("a"), backup="true")
            volumes = set(cloud.state.volumes)
            bench.cycle()
            if not kill(bench, number):
                check(bench, cloud, volumes, number)
                break
            made = {id for id in cloud.state.volumes if id not in volumes}
            rows = [drill for drill in bench.drills() if drill.removed is None]
            assert len(rows) == 1 or not made, f"point {number}: a temporary volume without a row"
            bench.pass_time(minutes=16)
            go_on(bench, by)
            check(bench, cloud, volumes, number)
            if by == "drill":
                assert bench.drills()[-1].state is DrillState.GOOD, f"point {number}: the next drill found nothing out"
    assert number > 14
