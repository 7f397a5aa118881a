"""A listener of the event stream that records a task: its progress, what is done with each image, its messages."""

from __future__ import annotations

import time
from dataclasses import replace

from ..base.messages import Message
from ..events import Action, Event, Kind
from ..jobs.task_writer import TaskWriter
from ..jobs.tasks import Item, Progress

WRITE_INTERVAL_SECONDS = 0.5
"""Seconds between two records of bytes moved."""

MOVES = (Action.UPLOAD, Action.REPLACE, Action.RENAME)


class TaskRecorder:
    """Takes the events of one task.

    :param writer: writes the task
    """

    def __init__(self, writer: TaskWriter) -> None:
        self._writer = writer
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
        self._write(event)

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
            self._writer.write_message(event.message)
        if event.image is not None and event.action is not None and event.kind in _STATES:
            self._write_image(event, event.image, event.action)
        if event.kind in (Kind.PROGRESS, Kind.DONE, Kind.FAILED, Kind.REGION_PLANNED, Kind.REGION_FINISHED):
            self._writer.write_progress(self.progress)

    def _write_image(self, event: Event, image: str, action: Action) -> None:
        item = Item(
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
        self._writer.write_item(item)
        if event.kind is Kind.FAILED and event.message is not None:
            text = f"{event.region}: {image}: {event.message.text}"
            self._writer.write_message(Message.error(text, image))


_STATES = {
    Kind.STARTED: "running",
    Kind.PROGRESS: "running",
    Kind.DONE: "done",
    Kind.FAILED: "failed",
    Kind.PENDING: "pending",
}
