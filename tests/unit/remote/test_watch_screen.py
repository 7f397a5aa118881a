"""Progress bars of a task that is followed, in a terminal (sync 1.4)."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.scripted_server import Answer, ScriptedServer
from tests.support.terminal_window import TerminalWindow

from .conftest import task_document

pytestmark = [pytest.mark.outside, pytest.mark.usefixtures("account")]

TASK = "/regions/Burgos/tasks/t-1"
PROGRAM = str(Path(__file__).parents[3] / "fiwareglancesync" / "sync.py")
CONTROL_C = "\x03"
BAR = re.compile("[━╌]")


def watch(
    server: ScriptedServer, folder: Path, statuses: list[Answer], pressed: str = ""
) -> tuple[int, list[str], set[str]]:
    """Follow a task: the exit code, the rows that are left, and the bars that were shown."""
    server.on("GET", TASK, *statuses)
    window = TerminalWindow(80, 24)
    bars: set[str] = set()
    keys: list[str] = []

    def look(window: TerminalWindow) -> None:
        found = {row for row in window.display if BAR.search(row)}
        is_begun = any("Uploading" in row for row in window.display)  # the bar is drawn before this line
        if found and is_begun and pressed and not keys:
            window.press(pressed)
            keys.append(pressed)
        bars.update(found)

    window.show("what was there before\n")
    words = [sys.executable, PROGRAM, "remote", "watch", "Burgos", "t-1", "--server", server.url]
    code = window.run(words, folder, os.environ, look)
    return code, window.rows, bars


def status(done: int, state: str = "running", of_task: str = "syncing") -> Answer:
    """What the server says of an upload of 8 MiB."""
    image = {"name": "N", "action": "upload", "size": 8 * MIB, "bytesDone": done * MIB, "error": None, "state": state}
    sums = {"imagesTotal": 1, "bytesTotal": 8 * MIB, "bytesDone": done * MIB}
    return Answer(200, task_document(of_task, images=[image], **sums))


def test_every_line_stays_and_no_bar(server: ScriptedServer, tmp_path: Path) -> None:
    statuses = [status(1), status(4), status(8, "done", "synced")]
    code, rows, bars = watch(server, tmp_path, statuses)
    assert (code, rows) == (
        0,
        [
            "what was there before",
            "INFO:Burgos: Uploading image N (8 MB)",
            "INFO:Burgos: Image uploaded.",
            "INFO:Burgos:   Total uploaded to region: 8 (MB)",
            "INFO:Burgos: Task t-1 is synced",
        ],
    )
    assert any("4.0/8.0 MiB" in bar for bar in bars)


def test_after_control_c_none_is_left(server: ScriptedServer, tmp_path: Path) -> None:
    code, rows, bars = watch(server, tmp_path, [status(1)], CONTROL_C)
    assert code == 130
    assert bars
    assert rows[:2] == ["what was there before", "INFO:Burgos: Uploading image N (8 MB)"]
    assert rows[2].startswith("WARNING:Burgos: Task t-1 goes on; to follow it: ")
    assert not any(BAR.search(row) for row in rows)
