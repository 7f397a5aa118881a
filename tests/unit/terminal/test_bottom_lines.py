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
        self.taken: int | None = None
        monkeypatch.setattr(os, "write", self._write)

    def cut_off_after(self, count: int) -> None:
        """Take no more than so many further bytes until ``go_on``: the kernel discards the rest."""
        self.taken = count

    def go_on(self) -> None:
        """Take all."""
        self.taken = None

    def _write(self, descriptor: int, data: bytes) -> int:
        taken = data if self.taken is None else data[: self.taken]
        if self.taken is not None:
            self.taken -= len(taken)
        self.window.show_bytes(taken)
        return len(data)


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


BEFORE = [f"before {number}" for number in range(10)]


@pytest.mark.parametrize("count", range(150))
def test_wherever_a_signal_cuts_a_drawing_off_none_is_left(screen: Screen, count: int) -> None:
    screen.window.show("".join(f"{line}\n" for line in BEFORE))
    screen.lines.show(["━━ 1", "━━ 2", "━━ 3"])
    screen.lines.clear()
    screen.window.show("a line\n")
    screen.lines.show(["━━ 1", "━━ 2", "━━ 3"])
    screen.cut_off_after(count)
    screen.lines.show(["━━ 4", "━━ 5", "━━ 6", "━━ 7"])
    screen.go_on()
    screen.lines.close_at_once()
    screen.lines.close()
    screen.window.show("+" * 60)
    # Where room was being made, an empty row may be left.
    assert [row for row in screen.window.rows if row] == [*BEFORE, "a line", "+" * 40, "+" * 20]


class Stop(BaseException):
    """What a handler of a signal raises."""


def test_the_rest_of_a_drawing_that_a_signal_cuts_off_does_not_come_later(
    screen: Screen, terminal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        if b"two" not in data:
            return write(descriptor, data)
        write(descriptor, data[:10])
        raise Stop

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(Stop):
        screen.lines.show(["one", "two"])
    screen.lines.close_at_once()
    screen.lines.close()
    terminal.flush()
    assert screen.window.rows == []


def test_in_a_window_of_another_size_the_remembered_place_is_not_used(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.window.show("".join(f"{line}\n" for line in BEFORE[:3]))
    screen.lines.show(["one", "two"])
    screen.window.show("moved by the terminal\n")
    monkeypatch.setattr(os, "get_terminal_size", lambda descriptor: os.terminal_size((39, 6)))
    screen.lines.close_at_once()
    assert screen.window.rows == [*BEFORE[:3], "moved by the terminal"]


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
