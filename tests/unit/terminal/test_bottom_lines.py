"""Lines at the bottom of a terminal, in one that is emulated."""

from __future__ import annotations

import io
import os
import pty
import signal
from collections.abc import Iterator
from typing import TextIO

import pytest

from fiwareglancesync.terminal.bottom_lines import BottomLines, cleared_by_signals
from tests.support.terminal_window import TerminalWindow


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A terminal of its own, in which nothing is translated."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        yield stream
    os.close(master)


class Screen:
    """Bottom lines, and the window in which they are shown.

    :param stream: the terminal, whose text is caught
    """

    def __init__(self, stream: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
        self.window = TerminalWindow(40, 6)
        self.lines = BottomLines(stream)
        monkeypatch.setattr(self.lines, "_write", self.window.show)
        monkeypatch.setattr(os, "write", lambda descriptor, data: self.window.show(data.decode()))


@pytest.fixture
def screen(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(terminal, monkeypatch)


def test_they_are_shown_below_what_was_there_and_cleared(screen: Screen) -> None:
    screen.window.show("before\n")
    screen.lines.show(["one", "two"])
    assert screen.window.rows == ["before", "one", "two"]
    screen.lines.show(["three"])
    assert screen.window.rows == ["before", "three"]
    screen.lines.clear()
    screen.window.show("after\n")
    assert screen.window.rows == ["before", "after"]


def test_at_the_bottom_they_move_what_was_there_up(screen: Screen) -> None:
    before = [f"before {number}" for number in range(10)]
    screen.window.show("\n".join(before))
    screen.window.show("\n")
    screen.lines.show(["one", "two", "three"])
    assert screen.window.rows == [*before, "one", "two", "three"]
    screen.lines.clear()
    assert screen.window.rows == before


def test_too_long_for_a_window_that_has_just_been_made_narrower_they_are_cut(screen: Screen) -> None:
    screen.lines.show(["-" * 60, "two"])
    assert screen.window.rows == ["-" * 40, "two"]
    screen.lines.clear()
    screen.window.show("+" * 60)
    assert screen.window.rows == ["+" * 40, "+" * 20]


def test_after_a_signal_none_is_shown_any_more(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with cleared_by_signals(screen.lines):
            screen.lines.show(["one"])
            os.kill(os.getpid(), signal.SIGTERM)
            assert (received, screen.window.rows) == ([signal.SIGTERM], [])
            screen.lines.show(["two"])
            assert screen.window.rows == []
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_a_suspended_program_leaves_none_and_shows_them_again(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended: list[list[str]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: suspended.append(screen.window.rows))
    with cleared_by_signals(screen.lines):
        screen.lines.show(["one"])
        signal.raise_signal(signal.SIGTSTP)
        assert suspended == [[]]
        screen.lines.show(["two"])
        assert screen.window.rows == ["two"]
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL


def test_a_signal_in_a_child_process_leaves_them_to_the_parent(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.lines.show(["one"])
    monkeypatch.setattr(os, "getpid", lambda: -1)
    screen.lines.clear_at_once()
    assert screen.window.rows == ["one"]


def test_in_the_background_none_is_shown(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: -1)
    screen.lines.show(["one"])
    assert screen.window.rows == []


def test_behind_a_pipe_there_is_room_for_a_line_that_comes_late(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        screen = Screen(terminal, monkeypatch)
    assert screen.lines.is_delayed
    screen.lines.show(["one", "two"])
    screen.window.show("late\n")
    assert screen.window.rows == ["late", "one", "two"]
    screen.lines.show(["three", "four"])
    assert screen.window.rows == ["late", "", "three", "four"]


def test_standard_output_that_is_no_pipe_is_not_late(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for stdout in (terminal, io.StringIO()):
        monkeypatch.setattr("sys.stdout", stdout)
        assert not BottomLines(terminal).is_delayed


@pytest.mark.parametrize("size", [(0, 0), (0, 30)])
def test_a_terminal_without_a_size_has_the_usual_one(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda descriptor: os.terminal_size(size))
    assert screen.lines.size == (80, 24)
