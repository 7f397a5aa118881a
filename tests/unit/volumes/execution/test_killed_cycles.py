"""A conductor is killed at each of its writes and requests; whoever comes next loses nothing and doubles nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from fiwareglancesync.locks.lease import leases
from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.volume_model import BackupType, RecordState, VolumeSettings
from tests.support.kill_points import Killed, killed_at
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database

WRITES = (
    "plan", "withdraw", "creating", "refused", "running", "adopted", "good", "failed", "lost", "change_expiries",
    "ask_removal", "removal_refused", "missing", "gone", "forget", "cycle_ended", "use_allowed_deletions",
)  # fmt: skip
REQUESTS = ("create_backup", "delete_backup", "set_server_metadata")


def kill(bench: CycleBench, number: int) -> bool:
    """Do a cycle that ends at a point; its leases run out.

    :return: whether there was such a point
    """
    with killed_at(number, ((VolumeChanges, WRITES), (OpenStackBackups, REQUESTS))):
        try:
            bench.cycle(CycleOrder())
        except Killed:
            with bench.engine.begin() as connection:
                connection.execute(update(leases).values(expires=0.0))
            return True
    return False


def check(bench: CycleBench, cloud: CloudStandIn) -> None:
    """What holds after any interruption."""
    records = bench.records()
    recorded = {record.backup_id for record in records if record.backup_id}
    ours = {backup.id for backup in cloud.state.backups.values() if backup.user_id == cloud.account}
    assert ours <= recorded, "a backup is not recorded"
    assert not [record for record in records if record.state.is_open], "a record is open"
    good = [record for record in records if record.state is RecordState.GOOD and record.missing_since is None]
    assert {record.backup_id for record in good} <= ours, "a good backup is gone"
    for record in good:
        backup = cloud.state.backups[record.backup_id or ""]
        assert (record.type is BackupType.FULL) == (backup.parent_id is None)
        assert record.parent_id == backup.parent_id
        assert backup.parent_id is None or backup.parent_id in ours, "a chain is broken"


STEPS = [7, pytest.param(1, marks=pytest.mark.slow)]
"""At every how many points: each one takes seconds."""


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_backups_begin_and_end(tmp_path: Path, step: int) -> None:
    number = 1 - step
    while True:
        number += step
        with cloud_stand_in() as cloud:
            folder = tmp_path / str(number)
            folder.mkdir()
            bench = CycleBench(cloud, new_database(folder), VolumeSettings())
            server = cloud.add_server("web", cloud.add_volume("a"), cloud.add_volume("b"), backup="true")
            if not kill(bench, number):
                break
            bench.pass_time(minutes=1)
            bench.cycle()
            bench.pass_time(minutes=20)
            bench.cycle()
            bench.pass_time(minutes=1)
            bench.cycle()
            check(bench, cloud)
            due: dict[str, int] = {}
            for record in bench.records():
                if record.state is RecordState.GOOD:
                    due[record.volume_id] = due.get(record.volume_id, 0) + 1
            assert set(due.values()) <= {1}, f"point {number}: more than one backup for a due time"
            bench.pass_time(hours=25)
            bench.cycle()
            check(bench, cloud)
            assert len({record.volume_id for record in bench.records() if record.state is RecordState.GOOD}) == 2
            assert "last-backup-time" in cloud.state.servers[server].metadata
    assert number > 20


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_expired_backups_are_removed(tmp_path: Path, step: int) -> None:
    number = 1 - step
    while True:
        number += step
        with cloud_stand_in() as cloud:
            folder = tmp_path / str(number)
            folder.mkdir()
            bench = CycleBench(cloud, new_database(folder), VolumeSettings())
            volume = cloud.add_volume("a")
            cloud.add_server("web", volume, backup="true")
            for _ in range(3):  # F I I
                bench.cycle()
                bench.pass_time(hours=25)
            bench.pass_time(days=15)
            if not kill(bench, number):
                break
            for _ in range(6):
                bench.pass_time(minutes=20)
                bench.cycle()
            check(bench, cloud)
            left = [record for record in bench.records() if record.state is RecordState.GOOD]
            assert left, "the last good backup is gone"
    assert number > 12
