"""What the summary of a run needs: what came of each region, and when it began."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ..events import Event, RegionStarted
from ..images.execution.outcome_counts import RegionCounts
from ..images.region_job import Mode, RegionResult, count_interrupted
from ..terminal.summary_line import RunSummary, region_line, summary_line
from .report import UnfinishedRegions


class RunRecord:
    """Keeps a few numbers of each region.

    :param mode: what is wanted of the regions
    :param unfinished: knows the regions that have been begun and have not ended
    :param clock: the time in seconds
    """

    def __init__(self, mode: Mode, unfinished: UnfinishedRegions, clock: Callable[[], float] = time.monotonic) -> None:
        self._mode = mode
        self._unfinished = unfinished
        self._clock = clock
        self._began = clock()
        self._starts: dict[str, float] = {}
        self._counts: list[RegionCounts] = []
        self._lost: list[str] = []
        self._expected = 0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, RegionStarted):
            self._starts[event.region] = self._clock()

    @property
    def has_regions(self) -> bool:
        """Whether regions are known, or why they are not."""
        return bool(self._expected or self._lost)

    def expect(self, regions: int) -> None:
        """Note that more regions are to be done.

        :param regions: their number
        """
        self._expected += regions

    def lose(self, what: str) -> None:
        """Note what failed before its regions were known, or before any could be begun.

        :param what: such as ``target other``
        """
        self._lost.append(what)

    def finish(self, result: RegionResult) -> str:
        """Note what came of a region.

        :param result: of the region
        :return: the line about it
        """
        counts = result.counts(self._mode)
        self._counts.append(counts)
        now = self._clock()
        return region_line(self._mode, counts, now - self._starts.pop(counts.region, now), result.why_failed)

    def summary(self, logs: Path | None) -> str:
        """The line about all regions, and those that have not ended.

        :param logs: the folder of the logs, None when there is none
        """
        counts = [*self._counts, *map(count_interrupted, self._unfinished.outcomes())]
        seconds = self._clock() - self._began
        return summary_line(RunSummary(self._mode, self._expected, counts, self._lost, seconds, logs))
