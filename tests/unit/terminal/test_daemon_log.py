"""The log of a daemon goes on, whatever becomes of its file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.terminal.daemon_log import close_daemon_log, open_daemon_log
from fiwareglancesync.terminal.streams import end_log


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Afterwards nothing is written any more."""
    yield
    close_daemon_log()
    end_log()


def test_a_line_has_time_and_level(tmp_path: Path) -> None:
    open_daemon_log(str(tmp_path / "log")).warning("slow")
    assert (tmp_path / "log").read_text()[19:] == " WARNING:slow\n"


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    log = open_daemon_log(str(tmp_path / "log"))
    log.info("one")
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.info("two")
    assert [(tmp_path / name).read_text()[20:] for name in ("log.1", "log")] == ["INFO:one\n", "INFO:two\n"]


def test_a_disk_that_is_full_is_one_line_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    log = open_daemon_log(str(tmp_path / "log"))
    log.info("one")
    log.info("two")
    printed = capsys.readouterr().err
    assert printed.count("Traceback") == 0
    assert printed.count(f"ERROR:the log {tmp_path}/log cannot be written: No space left on device\n") == 1
    assert printed.count("INFO:") == 2


def test_a_file_that_cannot_be_written_is_an_error_with_the_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[snapshots\] log_file: .* cannot be written"):
        open_daemon_log(str(tmp_path))
    assert logging.getLogger("glancesync").handlers == []
