"""What ``glancesync volumes plan`` shows of backups that go (volumes 1.1)."""

from __future__ import annotations

from pathlib import Path

from fiwareglancesync.terminal.backup_tables import LATER, plan_rows
from fiwareglancesync.volumes.planning.volume_preview import preview
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.stand_ins.cloud_stand_in import cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database


def test_a_plan_shows_the_removals_of_later_cycles_too(tmp_path: Path) -> None:
    with cloud_stand_in() as cloud:
        bench = CycleBench(cloud, new_database(tmp_path), VolumeSettings())
        cloud.add_server("web", cloud.add_volume("data"), backup="true")
        for _ in range(4):  # F I I F
            bench.cycle()
            bench.pass_time(hours=25)
        bench.pass_time(days=15)
        found = preview(bench.region.inventory(), bench.records(), bench.settings, bench.now())
        full, first, second, _ = bench.records()
        rows = [(row.backup_id, row.why.endswith(LATER)) for row in plan_rows(found) if row.action == "expire"]
    assert rows == [(second.backup_id, False), (first.backup_id, True), (full.backup_id, True)]
