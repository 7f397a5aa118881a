"""A task: one job that somebody asked the server for, as plain data (sync 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TaskStatus(str, Enum):
    """How a task stands."""

    SYNCING = "syncing"
    SYNCED = "synced"
    FAILED = "failed"


@dataclass(frozen=True)
class Item:
    """One of the things that a task works on, and what it does, did or would do with it.

    :param name: such as the name of an image
    :param state: ``running``, ``done``, ``failed``, or ``pending`` if the task only tries
    :param status: the status before
    :param way: how bytes are moved
    :param size: bytes in all
    :param done: bytes moved
    :param seconds: since the action began
    :param error: why it failed
    """

    name: str
    action: str
    state: str
    status: str | None = None
    way: str | None = None
    size: int = 0
    done: int = 0
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class TaskMessage:
    """A warning or an error of a task.

    :param level: ``WARNING`` or ``ERROR``
    :param item: name of the item that it is about, None when it is about none
    """

    level: str
    text: str
    item: str | None = None


@dataclass(frozen=True)
class TaskProgress:
    """How far a task has come.

    :param total: items to be moved
    :param undecided: items that await a decision
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    undecided: int = 0
    bytes_total: int = 0
    bytes_done: int = 0


@dataclass(frozen=True)
class Task:
    """A task as the store has it; times are seconds since the epoch.

    :param kind: kind of the job
    :param subject: subject of the job
    :param request: request of the job, JSON that only the function of its kind reads
    :param asked_by: id of the user whose token it was, None without authentication
    :param heartbeat: when its worker last showed that it lives; of a task that waits, when it was last handed over
    :param cancel: whether it is to be ended
    :param reason: why it failed
    :param worker: which process does it, None while it waits
    """

    id: str
    kind: str
    subject: str
    status: TaskStatus
    request: str
    asked_by: str | None
    created: float
    started: float | None
    finished: float | None
    heartbeat: float
    cancel: bool
    reason: str | None
    progress: TaskProgress
    worker: str | None = None
