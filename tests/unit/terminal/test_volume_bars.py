"""The progress of backups and drills at the bottom of a terminal (volumes 1.1)."""

from __future__ import annotations

from rich.cells import cell_len

from fiwareglancesync.terminal.volume_bars import VolumeProgress
from fiwareglancesync.volumes.volume_events import (
    BackupEnded,
    BackupPostponed,
    BackupRequested,
    CycleStarted,
    DrillEnded,
    DrillsChosen,
    RestoreRequested,
)
from tests.support.volume_drills import drill
from tests.support.volume_records import DUE, planned

START = 100.0


def test_each_backup_that_goes_on_has_a_line_and_all_have_a_bar() -> None:
    progress = VolumeProgress()
    first, second = planned("v"), planned("w", volume_name="root", size=3)
    progress.take(CycleStarted("Spain", 5, 4), START)
    assert progress.lines(80, 24, START) == []
    progress.take(BackupRequested(first), START)
    progress.take(BackupRequested(second), START + 5)
    progress.take(BackupEnded(first), START + 60)
    assert progress.lines(80, 24, START + 65) == [
        "default/sales: web/root: full backup of 3 GiB, 1:00",
        "━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  1/4 backups  10 GiB done",
    ]
    progress.take(BackupPostponed(planned("x"), "busy"), START + 65)
    assert progress.lines(80, 24, START + 65)[-1].split()[1] == "2/4"
    progress.take(BackupEnded(second), START + 70)
    assert progress.lines(80, 24, START + 70) == []


def test_a_drill_has_one_too() -> None:
    progress = VolumeProgress()
    progress.take(DrillsChosen("Spain", 2, 3, 0), START)
    progress.take(RestoreRequested(drill("v", DUE)), START)
    assert progress.lines(80, 24, START + 5) == [
        "default/p: web/v: restoring a backup of 1 GiB, 0:05",
        "╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  0/2 drills  0 GiB done",
    ]
    progress.take(DrillEnded(drill("v", DUE)), START + 9)
    assert progress.lines(80, 24, START + 9) == []


def test_lines_fit_the_terminal() -> None:
    progress = VolumeProgress()
    progress.take(CycleStarted("Spain", 50, 50), START)
    for number in range(50):
        record = planned(f"v{number}", volume_name="\N{CJK UNIFIED IDEOGRAPH-6C34}\n\x1b[2J" * 30)
        progress.take(BackupRequested(record), START)
    lines = progress.lines(40, 12, START)
    assert 1 < len(lines) <= 8
    assert all(cell_len(line) < 40 and line.isprintable() for line in lines)
