"""No limit is exceeded by a cycle that takes long, or by several conductors (volumes 2.3, 2.5 and 3)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import RecordState, VolumeSettings
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_cycles import CycleBench, new_database

SHORT = CycleOrder(seconds=-1)
"""A cycle that waits for no backup."""


def states(bench: CycleBench) -> list[RecordState]:
    return [record.state for record in bench.records()]


def test_two_conductors_together_keep_the_limit_of_a_host(
    cloud: CloudStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, settings = new_database(tmp_path), VolumeSettings(max_running_per_host=2)
    first, second = CycleBench(cloud, engine, settings), CycleBench(cloud, engine, settings)
    cloud.state.is_paused = True
    cloud.add_server("web", cloud.add_volume("a"), cloud.add_volume("b"), backup="true")
    with first.cycles() as one, second.cycles() as other:
        first.done(one, SHORT)
        project = cloud.add_project("other")
        cloud.add_server("db", cloud.add_volume("c", project=project), project=project, backup="true")
        # The second one has read the records just before the first one began.
        monkeypatch.setattr(VolumeStore, "records", lambda store: iter(()))
        second.done(other, SHORT)
        monkeypatch.undo()
    assert states(first) == [RecordState.RUNNING] * 2


def test_nothing_begins_when_the_window_has_closed_while_other_backups_were_made(
    cloud: CloudStandIn, tmp_path: Path
) -> None:
    bench = CycleBench(cloud, new_database(tmp_path), VolumeSettings())
    now = bench.now() + timedelta(minutes=1)
    closes = now + timedelta(minutes=30)
    window = tuple(moment.hour * 60 + moment.minute for moment in (now - timedelta(hours=1), closes))
    settings = VolumeSettings(backup_window=(window[0], window[1]), max_running=1)
    bench = CycleBench(cloud, bench.engine, settings)
    cloud.add_server("web", *(cloud.add_volume(name) for name in "ab"), backup="true")
    bench.when_waiting = lambda: bench.pass_time(hours=1)
    bench.cycle()
    assert states(bench) == [RecordState.GOOD]


def test_what_is_forced_begins_although_the_window_is_closed(cloud: CloudStandIn, tmp_path: Path) -> None:
    bench = CycleBench(cloud, new_database(tmp_path), VolumeSettings())
    minute = (bench.now() + timedelta(hours=2)).hour * 60
    bench = CycleBench(cloud, bench.engine, VolumeSettings(backup_window=(minute, (minute + 60) % 1440), max_running=1))
    server = cloud.add_server("web", *(cloud.add_volume(name) for name in "ab"), backup="true")
    bench.cycle()
    assert states(bench) == []
    bench.cycle(CycleOrder(forced=[server]))
    assert states(bench) == [RecordState.GOOD] * 2


def test_the_last_good_backup_stays_when_the_newer_one_went_during_a_long_cycle(
    cloud: CloudStandIn, tmp_path: Path
) -> None:
    settings = VolumeSettings(full_backup_depth=0, min_retention=60, retention=7200, max_retention=7200)
    bench = CycleBench(cloud, new_database(tmp_path), settings)
    volume, slow = cloud.add_volume("data"), cloud.add_volume("slow")
    cloud.add_server("web", volume, backup="true")
    bench.cycle()
    bench.pass_time(minutes=90)
    bench.cycle(CycleOrder(forced=[volume]))
    old, new = bench.records()
    bench.pass_time(minutes=31)  # the old one has expired
    cloud.add_server("db", slow, backup="true")

    def lose_the_newer() -> None:
        cloud.state.backups.pop(new.backup_id or "", None)
        cloud.changed()
        bench.pass_time(hours=1)

    bench.when_waiting = lose_the_newer
    bench.cycle()
    assert cloud.state.backups[old.backup_id or ""].status == "available"
