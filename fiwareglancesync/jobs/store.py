"""The store of tasks: one database, which the server and the workers write to.

Their clocks may differ, so every time in it is by the database's own clock (design 5).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from ..base.database import key_of
from ..base.database_clock import NOW
from .database_owner import refuse_another
from .job import Job
from .tables import items, messages, tasks
from .tasks import Item, Task, TaskMessage, TaskProgress, TaskStatus

STALE_SECONDS = 30.0
"""Seconds without a heartbeat after which a task's worker is dead; sync 5.3 allows a minute to notice it."""

CLAIM_SECONDS = 60.0
"""Seconds for which nobody else starts a task that a server has claimed."""

KEPT_TASKS = 1000
"""Tasks of a subject that are listed."""

ATTEMPTS = 20
"""How often the creation of a task is tried, while tasks with the same lock key end at that moment."""

CANCELLED = "cancelled"
"""The reason of a task that somebody cancelled."""


class TaskStore:
    """Tasks and what they did.

    :param engine: the database, its tables in place
    :param waits: seconds for which a task may wait for a worker
    """

    def __init__(self, engine: Engine, waits: float = STALE_SECONDS) -> None:
        self.engine = engine
        self._waits = waits

    def create(self, job: Job, asked_by: str | None = None) -> tuple[Task, bool]:
        """Make a task, unless one with the same lock key waits or runs; the database decides between several callers.

        :param job: what is to be done
        :param asked_by: id of the user who asks
        :return: the task that waits or runs now, perhaps for another job, and whether this call made it
        """
        self.fail_stale()
        key = key_of(job.lock_key or job.subject)
        for _ in range(ATTEMPTS):
            task_id = str(uuid.uuid4())
            values = {
                "id": task_id, "kind": job.kind, "subject": job.subject, "subject_key": key_of(job.subject),
                "running": key, "status": TaskStatus.SYNCING.value, "request": job.request, "asked_by": asked_by,
                "created": NOW, "heartbeat": NOW, "cancel": False, **_columns(TaskProgress()),
            }  # fmt: skip
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(tasks).values(values))
            except IntegrityError:
                with self.engine.connect() as connection:
                    row = connection.execute(select(tasks).where(tasks.c.running == key)).first()
                if row is not None:
                    return _task(row), False
            else:
                return self._get(task_id), True
        raise RuntimeError(f"no task could be made for {job.subject}")

    def get(self, kind: str, subject: str, task_id: str) -> Task | None:
        """A task of a subject, None when the subject has no such task of that kind."""
        query = select(tasks).where(tasks.c.id == task_id, *_of_subject(kind, subject))
        with self.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _task(row)

    def by_id(self, task_id: str) -> Task | None:
        """A task of any kind and subject."""
        with self.engine.connect() as connection:
            row = connection.execute(select(tasks).where(tasks.c.id == task_id)).first()
        return None if row is None else _task(row)

    def of_subject(self, kind: str, subject: str) -> list[Task]:
        """The tasks of a kind and subject, newest first."""
        query = (
            select(tasks)
            .where(*_of_subject(kind, subject))
            .order_by(tasks.c.created.desc(), tasks.c.id)
            .limit(KEPT_TASKS)
        )
        with self.engine.connect() as connection:
            return [_task(row) for row in connection.execute(query)]

    def running(self, kind: str) -> dict[str, Task]:
        """The tasks of a kind that wait or run, by subject."""
        query = select(tasks).where(tasks.c.running.is_not(None), tasks.c.kind == kind)
        with self.engine.connect() as connection:
            found = [_task(row) for row in connection.execute(query)]
        return {task.subject: task for task in found}

    def items(self, task_id: str) -> list[Item]:
        """What a task did, in the order in which it began it."""
        query = select(items).where(items.c.task_id == task_id).order_by(items.c.id)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return [Item(**{k: v for k, v in row.items() if k not in ("id", "task_id")}) for row in rows]

    def messages(self, task_id: str) -> list[TaskMessage]:
        """The warnings and errors of a task, in order."""
        query = select(messages).where(messages.c.task_id == task_id).order_by(messages.c.id)
        with self.engine.connect() as connection:
            return [TaskMessage(row.level, row.text, row.item) for row in connection.execute(query)]

    def delete(self, task_id: str) -> bool:
        """Remove a task that has ended; False when it is running or gone."""
        with self.engine.begin() as connection:
            done = connection.execute(delete(tasks).where(tasks.c.id == task_id, tasks.c.running.is_(None)))
        return done.rowcount > 0

    def cancel(self, task_id: str) -> None:
        """End a task that waits for a worker, or ask for the end of one that runs; its worker sees it."""
        with self.engine.begin() as connection:
            waiting = _ending(CANCELLED).where(tasks.c.id == task_id, tasks.c.started.is_(None))
            if connection.execute(waiting.values(cancel=True)).rowcount:
                return
            connection.execute(update(tasks).where(tasks.c.id == task_id).values(cancel=True))

    def begin(self, task_id: str, worker: str) -> Task | None:
        """Begin a task; of several workers that try, one gets it, however often it was handed over.

        :param task_id: the task
        :param worker: name of the worker
        :return: the task, None when it has ended meanwhile, or another worker has begun it
        """
        with self.engine.begin() as connection:
            waiting = update(tasks).where(
                tasks.c.id == task_id, tasks.c.running.is_not(None), tasks.c.started.is_(None)
            )
            taken = connection.execute(waiting.values(started=NOW, heartbeat=NOW, worker=worker[:255]))
        return self._get(task_id) if taken.rowcount else None

    def claim(self, worker: str) -> str | None:
        """Claim the oldest task that waits, so that no other server starts it meanwhile.

        :param worker: name of the claiming process
        :return: its id, None when none waits
        """
        while True:
            waiting = _unclaimed()
            with self.engine.connect() as connection:
                oldest = select(tasks.c.id).where(*waiting).order_by(tasks.c.created, tasks.c.id).limit(1)
                task_id = connection.execute(oldest).scalar()
            if task_id is None:
                return None
            change = update(tasks).where(tasks.c.id == task_id, *waiting)
            with self.engine.begin() as connection:
                if connection.execute(change.values(worker=worker[:255], heartbeat=NOW)).rowcount:
                    return str(task_id)

    def waits(self) -> bool:
        """Whether a task waits that nobody has claimed."""
        with self.engine.connect() as connection:
            return connection.execute(select(tasks.c.id).where(*_unclaimed()).limit(1)).first() is not None

    def requeue_stale(self, age: float) -> list[str]:
        """The tasks that have waited for a worker since they were last handed over, for ``age`` seconds.

        They count as handed over now, so of several callers one gets a task.

        :return: their ids
        """
        waiting = (tasks.c.running.is_not(None), tasks.c.started.is_(None), tasks.c.heartbeat < NOW - age)
        with self.engine.connect() as connection:
            found = [row.id for row in connection.execute(select(tasks.c.id).where(*waiting))]
        ours = []
        for task_id in found:
            with self.engine.begin() as connection:
                change = update(tasks).where(tasks.c.id == task_id, *waiting).values(heartbeat=NOW)
                if connection.execute(change).rowcount:
                    ours.append(task_id)
        return ours

    def live(self, task_id: str) -> bool | None:
        """Show that a task's worker lives.

        :return: whether the task is to be cancelled; None when another process has ended it
        """
        with self.engine.begin() as connection:
            running = update(tasks).where(tasks.c.id == task_id, tasks.c.running.is_not(None))
            if not connection.execute(running.values(heartbeat=NOW)).rowcount:
                return None
            return bool(connection.execute(select(tasks.c.cancel).where(tasks.c.id == task_id)).scalar())

    def record(self, task_id: str, progress: TaskProgress) -> None:
        """Write down how far a task has come."""
        with self.engine.begin() as connection:
            connection.execute(update(tasks).where(tasks.c.id == task_id).values(_columns(progress)))

    def add_item(self, task_id: str, item: Item) -> int:
        """Write down that a task works on an item; returns the key of the row, for ``change_item``."""
        with self.engine.begin() as connection:
            done = connection.execute(insert(items).values(task_id=task_id, **asdict(item)))
        key = done.inserted_primary_key
        return int(key[0]) if key else 0

    def change_item(self, row: int, item: Item) -> None:
        """Write down how far that has come."""
        with self.engine.begin() as connection:
            connection.execute(update(items).where(items.c.id == row).values(**asdict(item)))

    def add_messages(self, task_id: str, reported: Iterable[TaskMessage]) -> None:
        """Write down warnings and errors of a task."""
        rows = [{"task_id": task_id, **asdict(message)} for message in reported]
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(messages), rows)

    def finish(self, task_id: str, status: TaskStatus, reason: str | None = None) -> bool:
        """End a task, unless it has ended already.

        :return: whether this call ended it
        """
        with self.engine.begin() as connection:
            return bool(connection.execute(_ending(reason, status).where(tasks.c.id == task_id)).rowcount)

    def abandon(self, task_id: str, worker: str, reason: str) -> bool:
        """End a task whose worker has died, unless it has ended already or another worker does it.

        :param task_id: the task
        :param worker: name of the worker that died
        :param reason: why it fails
        :return: whether this call ended it
        """
        theirs = or_(tasks.c.worker == worker[:255], tasks.c.worker.is_(None))
        with self.engine.begin() as connection:
            return bool(connection.execute(_ending(reason).where(tasks.c.id == task_id, theirs)).rowcount)

    def fail_stale(self) -> int:
        """End the tasks that no worker took in time, or whose worker sends no heartbeat; returns how many."""
        dead = (
            (
                f"the worker of the task died: no sign of life for {STALE_SECONDS:.0f} seconds",
                and_(tasks.c.started.is_not(None), tasks.c.heartbeat < NOW - STALE_SECONDS),
            ),
            (
                f"no worker took the task within {self._waits:.0f} seconds",
                and_(tasks.c.started.is_(None), tasks.c.created < NOW - self._waits),
            ),
        )
        count = 0
        for reason, stale in dead:
            with self.engine.connect() as connection:
                found = connection.execute(select(tasks.c.id).where(tasks.c.running.is_not(None), stale)).first()
            if found is not None:
                with self.engine.begin() as connection:
                    count += connection.execute(_ending(reason).where(stale)).rowcount
        return count

    def drop_old(self, age: float) -> int:
        """Remove the tasks that ended longer ago than ``age`` seconds; returns how many."""
        with self.engine.begin() as connection:
            old = delete(tasks).where(tasks.c.running.is_(None), tasks.c.finished < NOW - age)
            return connection.execute(old).rowcount

    def totals(self) -> Sequence[tuple[str, int, int, float]]:
        """For each status: the number of kept tasks, the bytes that they moved and the seconds that they took."""
        query = select(
            tasks.c.status,
            func.count(),
            func.coalesce(func.sum(tasks.c.bytes_done), 0),
            func.coalesce(func.sum(tasks.c.finished - tasks.c.started), 0),
        ).group_by(tasks.c.status)
        with self.engine.connect() as connection:
            return [(row[0], int(row[1]), int(row[2]), float(row[3])) for row in connection.execute(query)]

    def refuse_another(self, federation: str) -> None:
        """Check that the database belongs to a federation, or to none yet.

        :param federation: its name
        :raises OtherFederation: it belongs to another one
        """
        refuse_another(self.engine, federation)

    def ping(self) -> None:
        """Ask the database for something; raises what the driver raises."""
        with self.engine.connect() as connection:
            connection.execute(select(tasks.c.id).limit(1)).first()

    def _get(self, task_id: str) -> Task:
        with self.engine.connect() as connection:
            return _task(connection.execute(select(tasks).where(tasks.c.id == task_id)).one())


def _of_subject(kind: str, subject: str) -> tuple[Any, ...]:
    return (tasks.c.kind == kind, tasks.c.subject_key == key_of(subject))


def _unclaimed() -> tuple[Any, ...]:
    """The tasks that wait and are not claimed; a claim ends after a while, as its process may have died."""
    free = or_(tasks.c.worker.is_(None), tasks.c.heartbeat < NOW - CLAIM_SECONDS)
    return (tasks.c.running.is_not(None), tasks.c.started.is_(None), free)


def _ending(reason: str | None, status: TaskStatus = TaskStatus.FAILED) -> Any:
    values = {"status": status.value, "reason": reason, "running": None, "finished": NOW}
    return update(tasks).where(tasks.c.running.is_not(None)).values(values)


def _columns(progress: TaskProgress) -> dict[str, int]:
    return {
        "items_total": progress.total,
        "items_done": progress.done,
        "items_failed": progress.failed,
        "undecided": progress.undecided,
        "bytes_total": progress.bytes_total,
        "bytes_done": progress.bytes_done,
    }


def _task(row: Row[Any]) -> Task:
    progress = TaskProgress(
        row.items_total, row.items_done, row.items_failed, row.undecided, row.bytes_total, row.bytes_done
    )
    return Task(
        row.id,
        row.kind,
        row.subject,
        TaskStatus(row.status),
        row.request,
        row.asked_by,
        row.created,
        row.started,
        row.finished,
        row.heartbeat,
        row.cancel,
        row.reason,
        progress,
        row.worker,
    )
