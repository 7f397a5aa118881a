"""Progress bars on a terminal: one a region, with bytes, rate and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..base.text import printable
from ..events import Done, Event, Failed, ImageEvent, Pending, Progress, RegionFinished, RegionPlanned, Started
from .narrative import TITLES

if TYPE_CHECKING:
    from rich import progress as rich_progress


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Show bars while the block runs.

    The display is refreshed by events alone, without a thread, so that processes can be forked meanwhile.
    """
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.fields[region]}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[image]}", markup=False),
    )
    with rich_progress.Progress(
        *columns,
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        yield Bars(progress)


class Bars:
    """A bar for each region to which bytes are moved.

    :param progress: the display
    """

    def __init__(self, progress: rich_progress.Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, rich_progress.TaskID] = {}
        self._finished: dict[str, int] = {}
        self._moving: dict[str, dict[str, int]] = {}

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the bars, if they are shown, while something else is written."""
        if not self._progress.live.is_started:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, RegionPlanned) and event.size:
            region = printable(event.region)
            self._tasks[event.region] = self._progress.add_task("", total=event.size, region=region, image="")
            self._finished[event.region] = 0
            self._moving[event.region] = {}
        task = self._tasks.get(event.region)
        if task is None:
            return
        if isinstance(event, RegionFinished):
            self._progress.remove_task(self._tasks.pop(event.region))
        elif isinstance(event, Pending | Started | Progress | Done | Failed) and event.action in TITLES:
            self._move(task, event)
        self._progress.refresh()

    def _move(self, task: rich_progress.TaskID, event: ImageEvent) -> None:
        """Add up what has been moved and what is being moved; several images may be."""
        moving = self._moving[event.region]
        image = printable(event.image)
        if isinstance(event, Done | Failed):
            moving.pop(image, None)
            self._finished[event.region] += event.size
        else:
            moving[image] = event.done if isinstance(event, Progress) else 0
        completed = self._finished[event.region] + sum(moving.values())
        self._progress.update(task, completed=completed, image=", ".join(moving))
