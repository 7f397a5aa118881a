"""Progress of a cycle of volume backups, or of restore drills, at the bottom of a terminal (volumes 1.1).

Cinder does not say how much of a backup is written. So there is a bar for all, by what has ended, and a line for each
backup that goes on, with the size of its volume and how long it has taken.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..base.text import printable
from ..base.units import clock_duration
from ..base.waiting import pause
from ..volumes.drill_model import DrillRecord
from ..volumes.volume_events import (
    BackupEnded,
    BackupPostponed,
    BackupRequested,
    BackupUndecided,
    CycleStarted,
    DrillEnded,
    DrillPostponed,
    DrillsChosen,
    RestoreRequested,
    VolumeEvent,
)
from ..volumes.volume_model import BackupRecord
from .bar_lines import DONE, FREE_LINES, TO_DO, shortened
from .bottom_lines import BottomLines, cleared_by_signals

BAR_CELLS = 20


class VolumeProgress:
    """How far the backups or drills of one call are."""

    def __init__(self) -> None:
        self._total = 0
        self._what = ""
        self._ended: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._going_on: dict[str, tuple[str, float]] = {}

    def take(self, event: VolumeEvent, now: float) -> None:
        """Take an event.

        :param now: the time of a clock that is never set
        """
        match event:
            case CycleStarted():
                self._total, self._what = event.due, "backups"
            case DrillsChosen():
                self._total, self._what = event.chosen, "drills"
            case BackupRequested(record):
                text = f"{_name(record)}: {record.type.value} backup of {record.size} GiB"
                self._begin(record.volume_id, text, record.size, now)
            case RestoreRequested(drill):
                text = f"{_drilled(drill)}: restoring a backup of {drill.size} GiB"
                self._begin(drill.volume_id, text, drill.size, now)
            case BackupEnded(record) | BackupPostponed(record) | BackupUndecided(record) | DrillPostponed(record):
                self._end(record.volume_id)
            case DrillEnded(drill):
                self._end(drill.volume_id)

    def lines(self, width: int, height: int, now: float) -> Sequence[str]:
        """The lines for a terminal of a certain size, none while nothing goes on.

        :param width: columns of the terminal
        :param height: rows of the terminal
        """
        if not self._going_on:
            return []
        room = max(0, height - FREE_LINES - 1)
        each = [f"{text}, {clock_duration(now - begun)}" for text, begun in list(self._going_on.values())[:room]]
        return [shortened(printable(line), width - 1) for line in (*each, self._sum())]

    def _sum(self) -> str:
        total = max(self._total, len(self._ended | self._going_on.keys()))
        cells = BAR_CELLS * len(self._ended) // total
        size = sum(self._sizes.get(volume, 0) for volume in self._ended)
        bar = DONE * cells + TO_DO * (BAR_CELLS - cells)
        return f"{bar}  {len(self._ended)}/{total} {self._what}  {size} GiB done"

    def _begin(self, volume_id: str, text: str, size: int, now: float) -> None:
        self._sizes[volume_id] = size
        self._going_on.setdefault(volume_id, (text, now))

    def _end(self, volume_id: str) -> None:
        self._going_on.pop(volume_id, None)
        self._ended.add(volume_id)


class VolumeBars:
    """Shows the progress; without a terminal nothing.

    :param lines: where, None for nowhere
    :param clock: the time in seconds
    """

    def __init__(self, lines: BottomLines | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._progress = VolumeProgress()
        self._clock = clock

    def take(self, event: VolumeEvent) -> None:
        """Take an event, and show what has changed."""
        self._progress.take(event, self._clock())
        self.draw()

    def draw(self) -> None:
        """Show how far everything is now."""
        if self._lines is not None:
            columns, rows = self._lines.size
            self._lines.show(self._progress.lines(columns, rows, self._clock()))

    def wait(self, seconds: float) -> None:
        """Wait for so many seconds, and show meanwhile how long everything takes."""
        pause(seconds, self.draw)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the lines while something else is written."""
        if self._lines is not None:
            self._lines.clear()
        try:
            yield
        finally:
            self.draw()


@contextmanager
def volume_bars(shown: bool | None) -> Iterator[VolumeBars]:
    """Show the progress on standard error while the block runs.

    :param shown: whether it is shown; None means that it is when standard error is a terminal
    """
    if not (sys.stderr.isatty() if shown is None else shown):
        yield VolumeBars(None)
        return
    lines = BottomLines(sys.stderr)
    with cleared_by_signals(lines):
        try:
            yield VolumeBars(lines)
        finally:
            lines.close()


def _name(record: BackupRecord) -> str:
    return f"{record.project_name}: {record.server_name or record.server_id}/{record.volume_name or record.volume_id}"


def _drilled(drill: DrillRecord) -> str:
    return f"{drill.project_name}: {drill.server_name}/{drill.volume_name}"
