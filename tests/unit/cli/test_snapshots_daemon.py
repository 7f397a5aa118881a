"""The log of the daemon of snapshots: warnings that go on are written once a day (snapshots 1.5)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.cli import snapshots_daemon
from fiwareglancesync.cli.snapshots_daemon import SAME_WARNING_SECONDS, DaemonLog
from fiwareglancesync.snapshots.snapshot_events import SnapshotWarning
from fiwareglancesync.terminal.daemon_log import close_daemon_log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DaemonLog]:
    """A log in a file."""
    yield DaemonLog(str(tmp_path / "log"))
    close_daemon_log()


def test_a_warning_that_goes_on_is_written_once_a_day(
    log: DaemonLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.monotonic()
    monkeypatch.setattr(f"{snapshots_daemon.__name__}.time.monotonic", lambda: moment)
    for hours in range(36):
        moment += 3600.0 * (hours > 0)
        log(SnapshotWarning("volume v1 has no image"))
        log(SnapshotWarning(f"hour {hours}"))
    written = (tmp_path / "log").read_text()
    assert written.count("volume v1 has no image") == 2
    assert written.count("hour ") == 36
    assert SAME_WARNING_SECONDS == 86400


def test_thousands_of_warnings_take_no_time_for_each_other(log: DaemonLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_logger", logging.Logger("nowhere", logging.CRITICAL))
    begun = time.process_time()
    for number in range(20_000):
        log(SnapshotWarning(f"no server is called web-{number}"))
    assert time.process_time() - begun < 3


def test_escapes_of_a_name_are_no_escapes_in_the_log(log: DaemonLog, tmp_path: Path) -> None:
    log(SnapshotWarning("server \x1b[31mweb\n2026-01-01 00:00:00 INFO:forged is left out"))
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert "\x1b" not in line
