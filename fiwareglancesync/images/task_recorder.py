"""A listener of the event stream that writes a task's progress, results and messages into the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text
from ..base.messages import Message
from ..events import Action, Event, Kind
from ..jobs.store import TaskStore
from ..jobs.tasks import ImageResult, Progress, TaskMessage

WRITE_INTERVAL_SECONDS = 0.5
"""Seconds between two records of bytes moved."""

MOVES = (Action.UPLOAD, Action.REPLACE, Action.RENAME)

log = logging.getLogger("glancesync")


class TaskRecorder:
    """Takes the events of one task; a database that fails for a moment does not end the task.

    :param store: where to write
    :param task_id: the task
    """

    def __init__(self, store: TaskStore, task_id: str) -> None:
        self._store = store
        self._task_id = task_id
        self._rows: dict[tuple[str, Action], int] = {}
        self._moving: dict[str, int] = {}
        self._bytes_done = 0
        self._next = 0.0
        self.progress = Progress()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind is Kind.PROGRESS:
            self._moving[event.image or ""] = event.done
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + WRITE_INTERVAL_SECONDS
        self._count(event)
        self._safely(lambda: self._write(event))

    def report(self, message: Message) -> None:
        """Write down something that was told before the region was begun."""
        self._safely(lambda: self._store.add_messages(self._task_id, [_message(message)]))

    def _safely(self, write: Callable[[], None]) -> None:
        try:
            write()
        except SQLAlchemyError as error:
            log.warning("Task %s: the database refuses a record: %s", self._task_id, error_text(error))

    def _count(self, event: Event) -> None:
        progress = self.progress
        moves = event.action in MOVES
        if event.kind is Kind.REGION_PLANNED:
            progress = replace(progress, total=event.count, bytes_total=event.size)
        elif event.kind in (Kind.DONE, Kind.FAILED):
            self._moving.pop(event.image or "", None)
            if event.kind is Kind.FAILED:
                progress = replace(progress, failed=progress.failed + 1)
            elif moves:
                self._bytes_done += event.done
                progress = replace(progress, done=progress.done + 1)
        elif event.kind is Kind.REGION_FINISHED:
            progress = replace(progress, undecided=event.undecided, failed=event.count)
        self.progress = replace(progress, bytes_done=self._bytes_done + sum(self._moving.values()))

    def _write(self, event: Event) -> None:
        if event.kind in (Kind.MESSAGE, Kind.WAITING) and event.message is not None:
            self._store.add_messages(self._task_id, [_message(event.message)])
        if event.image is not None and event.action is not None and event.kind in _STATES:
            self._write_image(event, event.image, event.action)
        if event.kind in (Kind.PROGRESS, Kind.DONE, Kind.FAILED, Kind.REGION_PLANNED, Kind.REGION_FINISHED):
            self._store.record(self._task_id, self.progress)

    def _write_image(self, event: Event, image: str, action: Action) -> None:
        result = ImageResult(
            image,
            action.value,
            _STATES[event.kind],
            event.status.value if event.status else None,
            event.way,
            event.size,
            event.done,
            event.seconds,
            event.message.text if event.message else None,
        )
        row = self._rows.get((image, action))
        if row is None:
            self._rows[image, action] = self._store.add_image(self._task_id, result)
        else:
            self._store.change_image(row, result)
        if event.kind is Kind.FAILED and event.message is not None:
            told = TaskMessage("ERROR", f"{event.region}: {image}: {event.message.text}", image)
            self._store.add_messages(self._task_id, [told])


_STATES = {
    Kind.STARTED: "running",
    Kind.PROGRESS: "running",
    Kind.DONE: "done",
    Kind.FAILED: "failed",
    Kind.PENDING: "pending",
}


def _message(message: Message) -> TaskMessage:
    return TaskMessage(logging.getLevelName(message.level), message.text, message.image)
