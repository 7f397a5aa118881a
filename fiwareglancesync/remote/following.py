"""Follows tasks on the server to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ..events import Emit
from .client import Client
from .server_answers import SYNCING, RegionRefused, TaskRef, WholeTask
from .task_events import TaskEvents

FIRST_POLL_SECONDS = 0.2
MAX_POLL_SECONDS = 2.0
"""Seconds between two polls: few at first, because most tasks end soon, then more and more."""

GROWTH = 1.25


class Following:
    """The tasks that are being followed.

    :param client: asks the server
    :param emit: takes the events of the tasks
    :param refused: called for a region whose task the server does not know any more
    """

    def __init__(self, client: Client, emit: Emit, refused: Callable[[str, RegionRefused], None]) -> None:
        self._client = client
        self._emit = emit
        self._refused = refused
        self.running: dict[str, TaskRef] = {}
        self._events: dict[str, TaskEvents] = {}

    def add(self, region: str, task: TaskRef) -> None:
        """Follow one more task.

        :param region: its full name
        :param task: the task
        """
        self.running[region] = task
        self._events[region] = TaskEvents(region)

    def to_the_end(self) -> Iterator[tuple[str, WholeTask]]:
        """Poll the tasks; yield each with its region when it has ended.

        :raises CloudError: the server does not answer for long, or refuses
        """
        pause = FIRST_POLL_SECONDS
        while self.running:
            for region, known in list(self.running.items()):
                try:
                    task = self._client.look(region, known.task_id)
                except RegionRefused as error:
                    del self.running[region]
                    self._refused(region, error)
                    continue
                for event in self._events[region].events(task):
                    self._emit(event)
                if task.status != SYNCING:
                    del self.running[region]
                    yield region, task
            if self.running:
                time.sleep(pause)
                pause = min(pause * GROWTH, MAX_POLL_SECONDS)
