"""When progress bars are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Event, Progress, RegionPlanned, Started
from fiwareglancesync.terminal import streams
from fiwareglancesync.terminal.progress import PRINTING_SECONDS, REDRAW_SECONDS, Bars

PLANNED = RegionPlanned("R", 4 * MIB, 1)
STARTED = Started("R", "N", Action.UPLOAD, size=4 * MIB)


class Lines:
    """Keeps what is shown, None for nothing."""

    size = (80, 24)

    def __init__(self, *, is_delayed: bool = False) -> None:
        self.is_delayed = is_delayed
        self.shown: list[Sequence[str] | None] = []

    def show(self, lines: Sequence[str]) -> None:
        self.shown.append(lines)

    def clear(self) -> None:
        self.shown.append(None)


def lines(**options: bool) -> Any:
    """Lines in place of those of a terminal."""
    return Lines(**options)


class Setup:
    """Bars with a clock that is set by hand."""

    def __init__(self, **delayed: bool) -> None:
        self.now = 0.0
        self.lines = lines(**delayed)
        self.bars = Bars(self.lines, 1, clock=lambda: self.now)

    def after(self, seconds: float, event: Event) -> list[Sequence[str] | None]:
        """What is shown because of an event some seconds later."""
        self.now += seconds
        self.lines.shown.clear()
        self.bars(event)
        return list(self.lines.shown)


def moved(done: int) -> Progress:
    return Progress("R", "N", Action.UPLOAD, size=4 * MIB, done=done)


def test_events_are_shown_at_once_and_bytes_not_too_often() -> None:
    setup = Setup()
    assert [len(setup.after(0.0, event)) for event in (PLANNED, STARTED, moved(MIB))] == [1, 1, 0]
    (shown,) = setup.after(REDRAW_SECONDS, moved(2 * MIB))
    assert shown is not None
    assert "2.0/4.0 MiB" in shown[0]


def test_a_line_is_written_where_the_bars_were_and_they_are_below_it() -> None:
    setup = Setup()
    setup.after(0.0, PLANNED)
    setup.lines.shown.clear()
    with setup.bars.hidden():
        assert setup.lines.shown == [None]
    assert len(setup.lines.shown) == 2


def test_behind_a_pipe_a_line_has_time_to_be_printed() -> None:
    setup = Setup(is_delayed=True)
    setup.after(1.0, PLANNED)
    setup.lines.shown.clear()
    with setup.bars.hidden():
        pass
    assert setup.lines.shown == [None]
    assert setup.after(PRINTING_SECONDS / 2, STARTED) == []
    assert len(setup.after(PRINTING_SECONDS, moved(MIB))) == 1


@pytest.mark.parametrize(("term", "shown"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_cannot_move_the_cursor_shows_none(
    monkeypatch: pytest.MonkeyPatch, term: str, shown: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", term)
    assert streams.shows_bars() is shown
