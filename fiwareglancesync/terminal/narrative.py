"""The story of a run as lines of text, worded as sync 1.4 has them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from ..base.text import printable
from ..base.units import MIB
from ..events import Action, Event, Kind
from .streams import Output, write_if_possible, write_line

Line = tuple[int, str]
"""A level of ``logging`` and a text."""

TITLES = {
    Action.UPLOAD: "Uploading image",
    Action.REPLACE: "Replacing image",
    Action.RENAME: "Renaming and replacing image",
}


def lines(event: Event) -> Iterator[Line]:
    """What is told of an event.

    :param event: any event
    :return: level and text of each line
    """
    write = _WORDINGS.get(event.kind)
    if write is not None:
        yield from write(event)


def _region_started(event: Event) -> Iterator[Line]:
    yield logging.INFO, f"======{event.region}"


def _message(event: Event) -> Iterator[Line]:
    if event.message is not None:
        yield event.message.level, event.message.text


def _started(event: Event) -> Iterator[Line]:
    r, n = event.region, event.image
    if event.action in TITLES:
        yield logging.INFO, f"{r}: {TITLES[event.action]} {n} ({event.size // MIB} MB)"
    elif event.action in (Action.METADATA, Action.RELINK):
        yield logging.INFO, f"{r}: Updating the metadata of image {n}"
        yield from _differences(event, logging.DEBUG)
    elif event.action is Action.OBSOLETE:
        yield logging.INFO, f"{r}: updating obsolete image {n}"
    elif event.action is Action.TIDY:
        yield logging.INFO, f"{r}: Tidying image {n} (UUID {event.uuid}), left by an interrupted run"


def _pending(event: Event) -> Iterator[Line]:
    r, n = event.region, event.image
    if event.action in TITLES:
        if event.action is not Action.UPLOAD:
            yield logging.INFO, f"{r}: {TITLES[event.action]} {n} ({event.size // MIB} MB)"
        yield logging.INFO, f"{r}: Pending: {n} ({event.size // MIB} MB)"
        if event.way is not None:
            yield logging.DEBUG, f"{r}: {n} would go by way of {event.way}"
        for note in event.notes:
            yield logging.DEBUG, f"{r}: {n} would not go by way of {note}"
    elif event.action in (Action.METADATA, Action.RELINK):
        yield logging.INFO, f"{r}: Image pending to update the metadata {n}"
        yield from _differences(event, logging.INFO)
    elif event.action is Action.OBSOLETE:
        yield logging.INFO, f"{r}: Image pending to be marked obsolete: {n}"
    elif event.action is Action.TIDY:
        yield logging.INFO, f"{r}: Image pending to be tidied: {n} (UUID {event.uuid})"


def _differences(event: Event, level: int) -> Iterator[Line]:
    if event.differences:
        yield level, f"{event.region}: Image {event.image} differs: {'; '.join(event.differences)}"


def _done(event: Event) -> Iterator[Line]:
    if event.action in TITLES:
        yield logging.INFO, f"{event.region}: Image uploaded."
        yield logging.DEBUG, f"{event.region}: {event.image} went by way of {event.way}, {event.seconds:.1f} s"
        for note in event.notes:
            yield logging.DEBUG, f"{event.region}: {event.image} did not go by way of {note}"


def _failed(event: Event) -> Iterator[Line]:
    r, n = event.region, event.image
    cause = event.message.text if event.message else ""
    if event.action in TITLES:
        yield logging.ERROR, f"{r}: Upload of {n} failed. Cause: {cause}"
    elif event.action is Action.SETTLE:
        yield logging.ERROR, f"{r}: Deletion of image {event.uuid} failed. Cause: {cause}"
    else:
        yield logging.ERROR, f"{r}: Update of {n} failed. Cause: {cause}"


def _region_finished(event: Event) -> Iterator[Line]:
    if event.undecided:
        alone = event.in_step and not event.count and not event.error
        rest = "; nothing else is to be done." if alone else "."
        yield logging.INFO, f"{event.region}: {event.undecided} images await a decision{rest}"
    if event.count:
        yield logging.INFO, f"{event.region}: {event.count} images failed."
    if event.error:
        return
    if event.in_step:
        yield logging.INFO, f"{event.region}: Region is synchronized."
    elif event.dry:
        yield logging.INFO, f"{event.region}: MBs pending : {event.size // MIB}"
    else:
        yield logging.INFO, f"{event.region}:   Total uploaded to region: {event.size // MIB} (MB)"


_WORDINGS = {
    Kind.REGION_STARTED: _region_started,
    Kind.MESSAGE: _message,
    Kind.WAITING: _message,
    Kind.STARTED: _started,
    Kind.PENDING: _pending,
    Kind.DONE: _done,
    Kind.FAILED: _failed,
    Kind.REGION_FINISHED: _region_finished,
}


class Narrator:
    """Writes the story, each line once a region where it is a warning.

    ``aside`` makes room for a line; ``is_whole`` tells whether all lines could be written.

    :param level: the lowest level that is told
    :param narrate: whether the narrative itself is told, or warnings and errors only
    :param to_stderr: whether the narrative goes to standard error too
    """

    def __init__(self, level: int = logging.INFO, *, narrate: bool = True, to_stderr: bool = False) -> None:
        self._level = level
        self._narrate = narrate
        self._to_stderr = to_stderr
        self._reported: set[str] = set()
        self.is_whole = True
        self.aside: Callable[[], AbstractContextManager[None]] = nullcontext

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        for level, text in lines(event):
            if level < logging.WARNING and not self._narrate:
                continue
            if event.kind is Kind.MESSAGE:
                if text in self._reported:
                    continue
                self._reported.add(text)
            self.write(level, text)

    def write(self, level: int, text: str) -> None:
        """Write one line; WARNING and above go to standard error (sync 1.4)."""
        if level < self._level:
            return
        stream = sys.stderr if level >= logging.WARNING or self._to_stderr else sys.stdout
        with self.aside():
            problem = write_if_possible(stream, f"{logging.getLevelName(level)}:{printable(text)}")
        if problem is not None:
            self.is_whole = False
            self.write(logging.ERROR, problem)


class RegionLog:
    """The story of one region in a file of its own, lines with time and level.

    :param stream: the open file
    :param level: the lowest level that is told
    """

    def __init__(self, stream: Output, level: int = logging.INFO) -> None:
        self._stream = stream
        self._level = level

    def __call__(self, event: Event) -> None:
        """Write an event down."""
        for level, text in lines(event):
            if level >= self._level:
                self.write(level, text)

    def write(self, level: int, text: str) -> None:
        """Write one line down."""
        now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        write_line(self._stream, f"{now} {logging.getLevelName(level)} {printable(text)}")
