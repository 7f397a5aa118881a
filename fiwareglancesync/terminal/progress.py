"""Progress bars on a terminal: one a region, with bytes, rate and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..base.text import printable
from ..events import Event, Kind
from .narrative import TITLES

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Show bars while the block runs.

    The display is refreshed by events alone, without a thread, so that processes can be forked meanwhile.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
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
    with Progress(
        *columns,
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        yield Bars(progress)


class Bars:
    """A bar for each region that moves bytes.

    :param progress: the display
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._finished: dict[str, int] = {}
        self._moving: dict[str, dict[str, int]] = {}

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bars away while something else is written, if they are shown."""
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
        if event.kind is Kind.REGION_PLANNED and event.size:
            region = printable(event.region)
            self._tasks[event.region] = self._progress.add_task("", total=event.size, region=region, image="")
            self._finished[event.region] = 0
            self._moving[event.region] = {}
        task = self._tasks.get(event.region)
        if task is None:
            return
        if event.kind is Kind.REGION_FINISHED:
            self._progress.remove_task(self._tasks.pop(event.region))
        elif event.action in TITLES:
            self._move(task, event)
        self._progress.refresh()

    def _move(self, task: TaskID, event: Event) -> None:
        """Add up what has been moved and what is on its way; several images may be."""
        moving = self._moving[event.region]
        image = printable(event.image or "")
        if event.kind in (Kind.DONE, Kind.FAILED):
            moving.pop(image, None)
            self._finished[event.region] += event.size
        else:
            moving[image] = event.done
        completed = self._finished[event.region] + sum(moving.values())
        self._progress.update(task, completed=completed, image=", ".join(moving))
