"""One progress bar on a terminal: bytes of a total, rate and time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, TextIO

from ..base.text import printable
from .streams import write_line

if TYPE_CHECKING:
    from rich import progress as rich_progress

REFRESH_SECONDS = 0.2


class ByteBar(Protocol):
    """Shows how many bytes are done."""

    def begin(self, total: int) -> None:
        """Show that so many bytes will be done."""

    def advance(self, count: int) -> None:
        """Show that so many more bytes are done."""

    def hidden(self) -> AbstractContextManager[None]:
        """Hide the bar while something else is written."""


@contextmanager
def byte_bar(shown: bool | None) -> Iterator[ByteBar]:
    """Show a bar on standard error while the block runs.

    :param shown: whether it is shown; None means that it is when standard error is a terminal
    """
    if not (sys.stderr.isatty() if shown is None else shown):
        yield _NoBar()
        return
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
    with rich_progress.Progress(
        *columns,
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        yield _Bar(progress)


def write_above(bar: ByteBar, stream: TextIO, level: str, text: str) -> None:
    """Write a line that the bar does not touch.

    :param bar: is hidden meanwhile
    :param level: such as ERROR
    """
    with bar.hidden():
        write_line(stream, f"{level}:{printable(text)}")


class _NoBar:
    """Shows nothing."""

    def begin(self, total: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass

    def hidden(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Bar:
    """A bar that is drawn anew a few times a second.

    :param progress: the display
    """

    def __init__(self, progress: rich_progress.Progress) -> None:
        self._progress = progress
        self._task: rich_progress.TaskID | None = None
        self._drawn = 0.0

    def begin(self, total: int) -> None:
        self._task = self._progress.add_task("", total=total)
        self._progress.refresh()

    def advance(self, count: int) -> None:
        if self._task is None:
            return
        self._progress.advance(self._task, count)
        if time.monotonic() - self._drawn > REFRESH_SECONDS:
            self._drawn = time.monotonic()
            self._progress.refresh()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()
