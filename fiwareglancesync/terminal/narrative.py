"""The narrative of a run: its events as lines of text, worded as sync 1.4 has them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, TextIO

from ..base.text import printable
from ..base.units import MIB
from ..events import (
    Action,
    Done,
    Event,
    Failed,
    MessageReported,
    Pending,
    RegionFinished,
    RegionStarted,
    Started,
    Waiting,
)
from .backup_narrative import Line, backup_lines
from .streams import Output, write_if_possible, write_line

TITLES = {
    Action.UPLOAD: "Uploading image",
    Action.REPLACE: "Replacing image",
    Action.RENAME: "Renaming and replacing image",
    Action.BACKUP: "Backing up image",
}
"""The actions that move bytes."""

WAY_NOTE = re.compile(r"[\w-]+: ")
"""A note about a way begins with its name; any other note has been reported as a warning."""


def lines(event: Event) -> Iterator[Line]:
    """The lines of an event.

    :param event: any event
    :return: level and text of each line
    """
    of_backup = backup_lines(event)
    if of_backup is not None:
        yield from of_backup
        return
    write = _LINES.get(type(event))
    if write is not None:
        yield from write(event)


def _region_started(event: RegionStarted) -> Iterator[Line]:
    yield logging.INFO, f"======{event.region}"


def _message(event: MessageReported | Waiting) -> Iterator[Line]:
    yield event.message.level, event.message.text


def _started(event: Started) -> Iterator[Line]:
    r, n = event.region, event.image
    if event.action in TITLES:
        yield logging.INFO, f"{r}: {TITLES[event.action]} {n} ({event.size // MIB} MB)"
    elif event.action in (Action.METADATA, Action.RELINK):
        yield logging.INFO, f"{r}: Updating the metadata of image {n}"
        yield from _differences(event, logging.DEBUG)
    elif event.action is Action.OBSOLETE:
        yield logging.INFO, f"{r}: updating obsolete image {n}"
    elif event.action is Action.TIDY:
        yield logging.INFO, f"{r}: Finishing or removing image {n} (UUID {event.uuid}), left by an interrupted run"


def _pending(event: Pending) -> Iterator[Line]:
    r, n = event.region, event.image
    if event.action in TITLES:
        if event.action is not Action.UPLOAD:
            yield logging.INFO, f"{r}: {TITLES[event.action]} {n} ({event.size // MIB} MB)"
        yield logging.INFO, f"{r}: Pending: {n} ({event.size // MIB} MB)"
        if event.way is not None:
            yield logging.DEBUG, f"{r}: {n} would be copied with way {event.way}"
        for note in event.notes:
            yield logging.DEBUG, f"{r}: {n} would not be copied with way {note}"
    elif event.action in (Action.METADATA, Action.RELINK):
        yield logging.INFO, f"{r}: Image pending to update the metadata {n}"
        yield from _differences(event, logging.INFO)
    elif event.action is Action.OBSOLETE:
        yield logging.INFO, f"{r}: Image pending to be marked obsolete: {n}"
    elif event.action is Action.TIDY:
        yield logging.INFO, f"{r}: Image pending to be tidied: {n} (UUID {event.uuid})"


def _differences(event: Started | Pending, level: int) -> Iterator[Line]:
    if event.differences:
        yield level, f"{event.region}: Image {event.image} differs: {'; '.join(event.differences)}"


def _done(event: Done) -> Iterator[Line]:
    if event.action in TITLES:
        yield logging.INFO, f"{event.region}: Image uploaded."
        yield logging.DEBUG, f"{event.region}: {event.image} was copied with way {event.way}, {event.seconds:.1f} s"
        for note in filter(WAY_NOTE.match, event.notes):
            yield logging.DEBUG, f"{event.region}: {event.image} was not copied with way {note}"


def _failed(event: Failed) -> Iterator[Line]:
    r, n, cause = event.region, event.image, event.message.text
    if event.action in TITLES:
        yield logging.ERROR, f"{r}: Upload of {n} failed. Cause: {cause}"
    elif event.action is Action.SETTLE:
        yield logging.ERROR, f"{r}: Deletion of image {event.uuid} failed. Cause: {cause}"
    else:
        yield logging.ERROR, f"{r}: Update of {n} failed. Cause: {cause}"


def _region_finished(event: RegionFinished) -> Iterator[Line]:
    if event.undecided:
        alone = event.in_step and not event.failures and not event.error
        rest = "; nothing else is to be done." if alone else "."
        yield logging.INFO, f"{event.region}: {event.undecided} images await a decision{rest}"
    if event.failures:
        yield logging.INFO, f"{event.region}: {event.failures} images failed."
    if event.error:
        return
    if event.in_step:
        yield logging.INFO, f"{event.region}: Region is synchronized."
    elif event.dry:
        yield logging.INFO, f"{event.region}: MBs pending : {event.size // MIB}"
    else:
        yield logging.INFO, f"{event.region}:   Total uploaded to region: {event.size // MIB} (MB)"


_LINES: Mapping[type[Event], Callable[[Any], Iterator[Line]]] = {
    RegionStarted: _region_started,
    MessageReported: _message,
    Waiting: _message,
    Started: _started,
    Pending: _pending,
    Done: _done,
    Failed: _failed,
    RegionFinished: _region_finished,
}


def _level_name(level: int) -> str:
    """The level as lines print it: what only ``--verbose`` prints is information too."""
    return logging.getLevelName(max(level, logging.INFO))


class LogWriter:
    """Writes the narrative to the standard streams; of equal messages, the first alone.

    ``without_bars`` is entered while a line is written; ``is_whole`` is false once a line could not be written.

    :param level: the lowest level that is written
    :param narrate: whether the narrative itself is written, or warnings and errors only
    :param to_stderr: whether the narrative goes to standard error too
    :param timed: whether each line has the time of day after its level
    """

    def __init__(
        self, level: int = logging.INFO, *, narrate: bool = True, to_stderr: bool = False, timed: bool = False
    ) -> None:
        self._level = level
        self._narrate = narrate
        self._to_stderr = to_stderr
        self._timed = timed
        self._reported: set[str] = set()
        self.is_whole = True
        self.without_bars: Callable[[], AbstractContextManager[None]] = nullcontext

    def __call__(self, event: Event) -> None:
        """Write the lines of an event."""
        for level, text in lines(event):
            if level < logging.WARNING and not self._narrate:
                continue
            if isinstance(event, MessageReported):
                if text in self._reported:
                    continue
                self._reported.add(text)
            self.write(level, text)

    def write(self, level: int, text: str) -> None:
        """Write one line; WARNING and above go to standard error (sync 1.4)."""
        self._write(level, text, sys.stderr if level >= logging.WARNING or self._to_stderr else sys.stdout)

    def write_to_stderr(self, text: str) -> None:
        """Write one line to standard error, unless only warnings and errors are written."""
        self._write(logging.INFO, text, sys.stderr)

    def _write(self, level: int, text: str, stream: TextIO) -> None:
        if level < self._level:
            return
        time = datetime.now().strftime("%H:%M:%S ") if self._timed else ""
        with self.without_bars():
            problem = write_if_possible(stream, f"{_level_name(level)}:{time}{printable(text)}")
        if problem is not None:
            self.is_whole = False
            self.write(logging.ERROR, problem)


class RegionLog:
    """The narrative of one region in a file of its own, lines with time and level.

    :param stream: the open file
    :param level: the lowest level that is written
    """

    def __init__(self, stream: Output, level: int = logging.INFO) -> None:
        self._stream = stream
        self._level = level

    def __call__(self, event: Event) -> None:
        """Write the lines of an event."""
        for level, text in lines(event):
            if level >= self._level:
                self.write(level, text)

    def write(self, level: int, text: str) -> None:
        """Write one line."""
        now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        write_line(self._stream, f"{now} {_level_name(level)} {printable(text)}")
