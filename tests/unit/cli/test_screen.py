"""Progress bars in a terminal: every line stays, bars fit the window, and none is left (sync 1.4)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.builders import image, master_image
from tests.support.terminal_window import TerminalWindow

from .conftest import Shell

pytestmark = pytest.mark.outside

SLOW_COPIES = str(Path(__file__).parents[2] / "support" / "slow_copies.py")
MASTERS = [master_image(name, name.upper(), size=size * MIB) for name, size in (("small", 300), ("large", 5000))]
LONG = "a-region-with-a-name-so-long-that-nobody-would-choose-it-in-earnest"
BEFORE = [f"what the shell has shown before, {number}" for number in range(1, 31)]
BAR = re.compile("[━╌]")
CONTROL_C = "\x03"

Look = Callable[[TerminalWindow], None]


@pytest.fixture
def federation(shell: Shell) -> Callable[[int], Shell]:
    """Makes a federation of so many regions; a third of them has a conflict."""

    def make(number: int) -> Shell:
        names = [LONG, *(f"Region{count:02d}" for count in range(1, number))]
        conflict = [image("small", "X", size=300 * MIB)]
        regions: dict[str, Any] = {name: [] if count % 3 else conflict for count, name in enumerate(names)}
        shell.load(Spain=MASTERS, **regions)
        return shell

    return make


def command(*words: str, steps: int = 6, pause: float = 0.03, way: str = "") -> list[str]:
    """The words of a call with slow copies."""
    return [sys.executable, SLOW_COPIES, str(steps), str(pause), *filter(None, [way]), "--", *words]


def run(window: TerminalWindow, shell: Shell, words: list[str], look: Look = lambda window: None) -> int:
    """Run a command in a window in which another one has shown something before."""
    window.show("".join(f"{line}\n" for line in BEFORE))
    return window.run(words, shell.folder, os.environ, look)


def looker(seen: list[list[str]]) -> Look:
    """Keeps the bars that are shown, and refuses those that have left the window."""

    def look(window: TerminalWindow) -> None:
        seen.append([row for row in window.display if BAR.search(row)])
        assert not [row for row in window.history if BAR.search(row)]

    return look


def shown_after(window: TerminalWindow) -> list[str]:
    """The rows below what was shown before, which is still there."""
    rows = window.rows
    assert rows[: len(BEFORE)] == BEFORE
    return rows[len(BEFORE) :]


def expected_lines(shell: Shell, regions: int) -> list[str]:
    """The lines of a run in parallel, in any order."""
    names = [LONG, *(f"Region{number:02d}" for number in range(1, regions))]
    conflicts = names[::3]
    size = (5300 * regions - 300 * len(conflicts)) / 1024
    counts = f"{2 * regions - len(conflicts)} uploaded ({size:.1f} GiB), {len(conflicts)} to decide"
    (folder,) = shell.folder.glob("sync_*")
    return [
        f"INFO:Embedded federation {(shell.folder / 'federation').resolve()}: OpenStack is not contacted.",
        "INFO:======Master is Spain",
        *(f"INFO:Region {name} has finished" for name in names),
        *(f"INFO:{name}: 1 uploaded (5000 MB), 1 to decide, N s" for name in conflicts),
        *(f"INFO:{name}: 2 uploaded (5300 MB), N s" for name in names if name not in conflicts),
        "INFO:All is done.",
        f"INFO:{regions} regions: {counts}; N s; logs in {folder.name}",
    ]


def without_spaces(text: str) -> str:
    """A text that is the same however it is broken into rows, with equal times."""
    return re.sub(r"(?<=[,;])\d+(?:s|min(?:\d+s)?)", "Ns", text.replace(" ", ""))


@pytest.mark.parametrize(("columns", "rows"), [(60, 24), (80, 24), (200, 50)])
@pytest.mark.parametrize("regions", [3, 12, 40])
def test_every_line_stays_and_no_bar(
    federation: Callable[[int], Shell], columns: int, rows: int, regions: int
) -> None:
    shell = federation(regions)
    window = TerminalWindow(columns, rows)
    seen: list[list[str]] = []
    assert run(window, shell, command("--parallel", "--config", "main.max_children=40"), looker(seen)) == 0
    left = without_spaces("".join(shown_after(window)))
    for line in sorted(map(without_spaces, expected_lines(shell, regions)), key=len, reverse=True):
        assert line in left
        left = left.replace(line, "", 1)
    assert left == ""
    whole = [bars for bars in seen if bars and bars[-1].startswith("Total")]
    assert whole
    assert max(map(len, whole)) <= min(regions + 1, rows - 4)
    assert all(len(row) < columns for bars in seen for row in bars)


class TestOthers:
    def test_regions_that_do_not_fit_are_counted(self, federation: Callable[[int], Shell]) -> None:
        window = TerminalWindow(80, 12)
        counts: set[str] = set()

        def look(window: TerminalWindow) -> None:
            counts.update(row for row in window.display if row.endswith("more regions"))

        words = ("--parallel", "--config", "main.max_children=40")
        assert run(window, federation(40), command(*words), look) == 0
        assert counts
        assert not [row for row in window.rows if row.endswith("more regions")]

    def test_after_control_c_none_is_left(self, federation: Callable[[int], Shell]) -> None:
        shell = federation(12)
        window = TerminalWindow(80, 24)
        pressed: list[int] = []

        def look(window: TerminalWindow) -> None:
            bars = [row for row in window.display if BAR.search(row)]
            if len(bars) > 12 and not pressed:
                window.press(CONTROL_C)
                pressed.append(1)

        words = ("--parallel", "--config", "main.max_children=12")
        assert run(window, shell, command(*words, steps=100, pause=0.1), look) == 130
        rows = shown_after(window)
        assert not [row for row in rows if BAR.search(row)]
        assert rows[-1] == "ERROR:Interrupted; no unfinished image is left."
        assert "INFO:0 of 12 regions: " in " ".join(rows)
        for name in ("Region01", LONG):
            log = next(shell.folder.glob(f"sync_*/{name}.txt")).read_text().splitlines()
            assert log[-1].endswith(f"ERROR {name}: The run was interrupted.")

    def test_a_line_that_comes_through_a_pipe_stays_whole(self, federation: Callable[[int], Shell]) -> None:
        shell = federation(3)
        window = TerminalWindow(80, 24)
        seen: list[list[str]] = []
        words = [*command(steps=30, pause=0.02), "|", "cat"]
        assert run(window, shell, ["sh", "-c", " ".join(words)], looker(seen)) == 0
        assert any(seen)
        lines = [row for row in shown_after(window) if "Region01: " in row]
        assert lines == [
            "INFO:Region01: Uploading image small (300 MB)",
            "INFO:Region01: Image uploaded.",
            "INFO:Region01: Uploading image large (5000 MB)",
            "INFO:Region01: Image uploaded.",
            "INFO:Region01:   Total uploaded to region: 5300 (MB)",
        ]

    def test_in_a_narrower_window_they_are_narrower(self, federation: Callable[[int], Shell]) -> None:
        window = TerminalWindow(120, 30)
        widths: list[int] = []

        def look(window: TerminalWindow) -> None:
            bars = [row for row in window.display if BAR.search(row)]
            if bars and window.columns == 120:
                window.resize(70)
            elif bars:
                widths.append(max(map(len, bars)))

        words = ("--parallel", "--config", "main.max_children=12")
        assert run(window, federation(12), command(*words, steps=10, pause=0.1), look) == 0
        assert widths[-1] < 70
        assert not [row for row in window.rows if BAR.search(row)]

    def test_a_region_that_fetches_an_image_itself_shows_the_time(self, federation: Callable[[int], Shell]) -> None:
        window = TerminalWindow(100, 24)
        seen: list[list[str]] = []
        words = command("Region01", steps=15, pause=0.1, way="server")
        assert run(window, federation(3), words, looker(seen)) == 0
        assert any("region fetches it, 0:01" in row for bars in seen for row in bars)

    @pytest.mark.parametrize("words", [["-q"], ["--debug"], ["--no-progress"], ["--dry-run"]])
    def test_they_are_not_shown_where_they_are_not_wanted(
        self, federation: Callable[[int], Shell], words: list[str]
    ) -> None:
        seen: list[list[str]] = []
        assert run(TerminalWindow(100, 24), federation(2), command(*words), looker(seen)) == 0
        assert not any(seen)
