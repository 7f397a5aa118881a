"""Volumes with odd names are backed up by real Cinder, and what is printed of them is harmless (volumes 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.volume_clouds import real_volume_cloud
from tests.support.volume_crashes import CrashBench

NAMES = (
    "x" * 255, "<b onload=alert(1)>mañana</b>", "\u202etxt.exe", "two\nlines\x1b[31m", "日本語 'quoted' \"%s\"", "",
)  # fmt: skip

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


def test_volumes_with_odd_names_have_good_backups_and_harmless_lines(root: Path, tmp_path: Path) -> None:
    with real_volume_cloud(root) as world:
        bench = CrashBench(world, tmp_path, f"sqlite:///{tmp_path}/volumes.db")
        volumes = bench.add_volumes(*NAMES)
        done = bench.run()
        assert done.returncode == 0, done.stderr
        bench.check()
        shown = [done.stderr, bench.call("status").stdout, bench.call("report").stdout]
        assert all(line.isprintable() for text in shown for line in text.splitlines()), shown
        records = {record.volume_id: record for record in bench.records()}
        names = {volume: bench.backups()[str(records[volume].backup_id)]["name"] for volume in volumes}
        assert {len(name) <= 255 and name.isprintable() for name in names.values()} == {True}
        for volume, odd in zip(volumes, NAMES, strict=True):
            record = records[volume]
            assert (record.volume_name, record.name) == (odd, names[volume])
        assert all(volumes[NAMES.index("")] in text for text in shown)
        page = tmp_path / "report.html"
        assert bench.call("report", "--out", str(page)).returncode == 0
        assert "<b onload" not in page.read_text(encoding="utf-8")
