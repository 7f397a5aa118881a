"""The narrative of a backup into a vault: its events as lines of text, worded as vault 3.1 has them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..base.units import MIB
from ..events import Action, BackupFinished, Done, Event, Failed, Pending, Started

Line = tuple[int, str]
"""A level of ``logging`` and a text."""

ACTIONS = (Action.BACKUP, Action.RECORD)
"""What a backup does with images."""


def backup_lines(event: Event) -> Iterator[Line] | None:
    """The lines of an event of a backup; None when it is not only one of a backup.

    :param event: any event
    """
    write = _LINES.get(type(event))
    if write is None or getattr(event, "action", Action.BACKUP) not in ACTIONS:
        return None
    return write(event)


def _started(event: Started) -> Iterator[Line]:
    if event.action is Action.BACKUP:
        yield logging.INFO, f"{event.region}: Backing up image {event.image} ({event.size // MIB} MB)"
    else:
        yield logging.INFO, f"{event.region}: Recording image {event.image}"


def _pending(event: Pending) -> Iterator[Line]:
    if event.action is Action.BACKUP:
        yield logging.INFO, f"{event.region}: Pending: {event.image} ({event.size // MIB} MB)"
    else:
        yield logging.INFO, f"{event.region}: Image pending to be recorded: {event.image}"
    for note in event.notes:
        yield logging.DEBUG, f"{event.region}: {event.image}: {note}"


def _done(event: Done) -> Iterator[Line]:
    if event.action is Action.BACKUP and event.way is not None:
        yield logging.DEBUG, f"{event.region}: {event.image} was read with way {event.way}, {event.seconds:.1f} s"


def _failed(event: Failed) -> Iterator[Line]:
    yield logging.ERROR, f"{event.region}: Backup of {event.image} failed. Cause: {event.message.text}"


def _finished(event: BackupFinished) -> Iterator[Line]:
    if event.error:
        return
    if event.dry:
        yield logging.INFO, f"{event.region}: MBs pending : {event.size // MIB}"
        return
    counts = [f"{event.kept} images kept ({event.fetched} fetched, {event.size // MIB} MB)"]
    counts.append(f"{event.failures} failed, {event.without_content} without content, {event.skipped} skipped")
    yield logging.INFO, f"{event.region}: {', '.join(counts)}"


_LINES: Mapping[type[Event], Callable[[Any], Iterator[Line]]] = {
    Started: _started,
    Pending: _pending,
    Done: _done,
    Failed: _failed,
    BackupFinished: _finished,
}
