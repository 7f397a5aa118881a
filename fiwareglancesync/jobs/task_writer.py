"""Writes what one task does into the store."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text
from ..base.messages import Message
from .store import TaskStore
from .tasks import Item, TaskMessage, TaskProgress

log = logging.getLogger("glancesync")


class TaskWriter:
    """Writes progress, items and messages of a task; a database that fails for a moment does not end the task.

    :param store: where to write
    :param task_id: the task
    """

    def __init__(self, store: TaskStore, task_id: str) -> None:
        self._store = store
        self._task_id = task_id
        self._rows: dict[tuple[str, str], int] = {}

    def write_progress(self, progress: TaskProgress) -> None:
        """Write down how far the task has come."""
        self._try(lambda: self._store.record(self._task_id, progress))

    def write_message(self, message: Message) -> None:
        """Write down a warning or an error."""
        row = TaskMessage(logging.getLevelName(message.level), message.text, message.image)
        self._try(lambda: self._store.add_messages(self._task_id, [row]))

    def write_item(self, item: Item) -> None:
        """Write down how an action on an item stands, in place of what was written of the same action before."""
        self._try(lambda: self._write_item(item))

    def _write_item(self, item: Item) -> None:
        action = (item.name, item.action)
        row = self._rows.get(action)
        if row is None:
            self._rows[action] = self._store.add_item(self._task_id, item)
        else:
            self._store.change_item(row, item)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except SQLAlchemyError as error:
            log.warning("Task %s: the database refuses a record: %s", self._task_id, error_text(error))
