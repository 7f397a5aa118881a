"""The scripts show that something long is at work: a line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from threading import Event

import pytest
from workbench import progress as shown
from workbench.progress import CLEAR, PipSteps, duration, progress, run_shown

PATIENCE = 180.0
DONE = re.compile(r"Doing it: done in \d+ s")


class Terminal(io.StringIO):
    """A terminal that reports when a text has been written to it.

    :param text: the text
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen = Event()
        self._text = text

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._text in text:
            self.seen.set()
        return super().write(text)


def test_without_a_terminal_lines_say_what_is_done_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "LINE_SECONDS", 0.001)
    said: list[str] = []
    seen = Event()

    def say(line: str) -> None:
        said.append(line)
        if "the second step" in line:
            seen.set()

    with progress("Doing it", say) as note:
        note("the second step")
        assert seen.wait(PATIENCE)
    assert said[0] == "Doing it …"
    assert any(re.fullmatch(r"  \d+ s, the second step", line) for line in said)
    assert DONE.fullmatch(said[-1])
    assert not any("\x1b" in line or "\r" in line for line in said)


def test_on_a_terminal_one_line_moves_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal("the second step")
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(shown, "MOVE_SECONDS", 0.001)
    said: list[str] = []
    with progress("Doing it", said.append) as note:
        note("the second step")
        assert terminal.seen.wait(PATIENCE)
    written = terminal.getvalue()
    assert "\n" not in written
    assert written.endswith(CLEAR)
    (line,) = said
    assert DONE.fullmatch(line)


def test_the_moving_line_is_not_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal("Doing it")
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(shown, "MOVE_SECONDS", 0.001)
    with progress("Doing it", lambda line: None) as note:
        note("a step with a long name " * 10)
        assert terminal.seen.wait(PATIENCE)
    assert max(map(len, terminal.getvalue().split(CLEAR))) <= 29


def test_what_fails_is_not_reported_as_done() -> None:
    said: list[str] = []
    with pytest.raises(OSError), progress("Doing it", said.append):
        raise OSError
    assert not any("done" in line for line in said)


def test_the_output_of_a_command_is_kept_and_its_steps_are_shown(tmp_path: Path) -> None:
    steps: list[str] = []
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(3)"
    status = run_shown(
        [sys.executable, "-c", code], "Doing it", print, log=tmp_path / "log", environment=os.environ,
        step_of=lambda line: steps.append(line),
    )  # fmt: skip
    assert status == 3
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert steps == ["one\n", "two\n"]


def test_a_command_ends_when_the_user_interrupts(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    code = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    with pytest.raises(KeyboardInterrupt):
        run_shown(
            [sys.executable, "-c", code], "Doing it", print, log=tmp_path / "log", environment=os.environ,
            step_of=interrupt,
        )  # fmt: skip
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "log").read_text()), 0)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Collecting flask==3.1.2 (from -r requirements.txt (line 20))\n", "1 found, flask"),
        ("Collecting oslo.utils>=7\n", "1 found, oslo.utils"),
        ("  Downloading flask-3.1.2.whl (103 kB)\n", "0 found, downloading flask-3.1.2.whl (103 kB)"),
        ("  Downloading https://example.org/a/b-1.whl (2 MB)\n", "0 found, downloading b-1.whl (2 MB)"),
        ("Building wheel for fiware-glancesync (pyproject.toml): started\n", "building fiware-glancesync"),
        ("Installing collected packages: a, b, c\n", "unpacking 3 packages"),
        ("Requirement already satisfied: flask\n", None),
        ("\n", None),
    ],
)
def test_the_steps_of_pip_are_recognised(line: str, step: str | None) -> None:
    assert PipSteps()(line) == step


def test_found_packages_are_counted() -> None:
    steps = PipSteps()
    assert [steps(f"Collecting {name}\n") for name in "ab"] == ["1 found, a", "2 found, b"]


def test_durations_are_read_easily() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.4, 60, 125)] == ["0 s", "59 s", "1 min 0 s", "2 min 5 s"]
