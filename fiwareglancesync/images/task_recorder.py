"""A listener of the event stream that records a task: its progress, what is done with each image, its messages."""

from __future__ import annotations

import time
from dataclasses import replace

from ..base.messages import Message
from ..events import (
    Action,
    Done,
    Event,
    Failed,
    ImageEvent,
    MessageReported,
    Pending,
    Progress,
    RegionFinished,
    RegionPlanned,
    Started,
    Waiting,
)
from ..jobs.task_writer import TaskWriter
from ..jobs.tasks import Item, TaskProgress

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
        self.progress = TaskProgress()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Progress):
            self._moving[event.image] = event.done
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + WRITE_INTERVAL_SECONDS
        self._count(event)
        self._write(event)

    def _count(self, event: Event) -> None:
        progress = self.progress
        if isinstance(event, RegionPlanned):
            progress = replace(progress, total=event.images, bytes_total=event.size)
        elif isinstance(event, Done | Failed):
            self._moving.pop(event.image, None)
            if isinstance(event, Failed):
                progress = replace(progress, failed=progress.failed + 1)
            elif event.action in MOVES:
                self._bytes_done += event.done
                progress = replace(progress, done=progress.done + 1)
        elif isinstance(event, RegionFinished):
            progress = replace(progress, undecided=event.undecided, failed=event.failures)
        self.progress = replace(progress, bytes_done=self._bytes_done + sum(self._moving.values()))

    def _write(self, event: Event) -> None:
        if isinstance(event, MessageReported | Waiting):
            self._writer.write_message(event.message)
        if isinstance(event, Pending | Started | Progress | Done | Failed):
            self._writer.write_item(_item(event))
        if isinstance(event, Failed):
            text = f"{event.region}: {event.image}: {event.message.text}"
            self._writer.write_message(Message.error(text, event.image))
        if isinstance(event, Progress | Done | Failed | RegionPlanned | RegionFinished):
            self._writer.write_progress(self.progress)


_STATES = {Started: "running", Progress: "running", Done: "done", Failed: "failed", Pending: "pending"}


def _item(event: ImageEvent) -> Item:
    return Item(
        event.image,
        event.action.value,
        _STATES[type(event)],
        None if isinstance(event, Progress) else event.status,
        None if isinstance(event, Started) else event.way,
        event.size,
        event.done if isinstance(event, Progress | Done | Failed) else 0,
        event.seconds if isinstance(event, Done | Failed) else 0.0,
        event.message.text if isinstance(event, Failed) else None,
    )
