"""Progress bars at the bottom of a terminal: one a region, with bytes, images, rate and time left, and their sum."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..events import Event, Progress
from .bar_lines import bar_lines
from .bottom_lines import BottomLines, cleared_by_signals
from .region_progress import RunProgress

REDRAW_SECONDS = 0.1
"""Seconds between two drawings, if nothing has changed but bytes."""

PRINTING_SECONDS = 0.2
"""Seconds for a program between standard output and the terminal to print a line."""


@contextmanager
def progress_bars(regions: int, redraw_seconds: float = REDRAW_SECONDS) -> Iterator[Bars]:
    """Show bars while the block runs.

    They are drawn when events come, without a thread, so that processes can be forked meanwhile.

    :param regions: number of regions that are done meanwhile
    :param redraw_seconds: seconds between two drawings; 0 where events come seldom, and many of them at once
    """
    lines = BottomLines(sys.stderr)
    with cleared_by_signals(lines):
        try:
            yield Bars(lines, regions, redraw_seconds)
        finally:
            lines.close()


class Bars:
    """A bar for each region to which bytes are moved, and one for all.

    :param lines: where they are shown
    :param regions: number of regions that are done meanwhile
    :param redraw_seconds: seconds between two drawings
    :param clock: the time in seconds
    """

    def __init__(
        self,
        lines: BottomLines,
        regions: int,
        redraw_seconds: float = REDRAW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lines = lines
        self._progress = RunProgress(regions)
        self._redraw_seconds = redraw_seconds
        self._clock = clock
        self._next = 0.0

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the bars while a line is written; it stays where it is, and the bars are shown below it."""
        self._lines.clear()
        try:
            yield
        finally:
            if self._lines.is_delayed:
                self._next = self._clock() + PRINTING_SECONDS
            else:
                self._draw()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        now = self._clock()
        self._progress.take(event, now)
        if now >= self._next or not (isinstance(event, Progress) or self._lines.is_delayed):
            self._draw()

    def _draw(self) -> None:
        now = self._clock()
        self._next = now + self._redraw_seconds
        columns, rows = self._lines.size
        self._lines.show(bar_lines(self._progress, columns, rows, now))
