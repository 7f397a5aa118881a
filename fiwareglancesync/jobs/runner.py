"""Starts tasks. The embedded runner gives each a supervised process of its own, a bounded number of them at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text
from ..base.errors import GlanceSyncError
from ..locks.permits import Permits
from .store import TaskStore
from .tasks import TaskStatus
from .worker import worker_name

PACKAGE_PARENT = Path(__file__).resolve().parents[2]

CLEANUP_SECONDS = 300.0
"""Seconds that a process has to leave everything tidy once its time is up; then it is killed."""

log = logging.getLogger("glancesync")


class ExecutorFailed(GlanceSyncError):
    """A task cannot be handed over to what carries the tasks out."""


class Executor(Protocol):
    """Has tasks carried out."""

    def start(self, task_id: str) -> None:
        """Have a task of the store carried out soon; returns at once. A second call for a task does no harm.

        :raises ExecutorFailed: the task cannot be handed over
        """
        ...

    def check(self) -> None:
        """Check that tasks can be handed over now.

        :raises ExecutorFailed: they cannot
        """
        ...

    def maintain(self, store: TaskStore) -> None:
        """Hand over the tasks that wait; called now and then.

        :param store: where they are
        :raises ExecutorFailed: they cannot be handed over
        """
        ...


@dataclass(frozen=True)
class TaskLauncher:
    """Starts the processes of tasks and waits for their ends.

    :param command: starts a process that does what ``worker.main`` says
    :param store: where the tasks are
    :param database: URL of the store's database
    :param environ: the environment of the process
    :param limit: seconds after which a task that still runs is ended
    :param kept: descriptors that the process has open as long as it lives
    """

    command: Sequence[str]
    store: TaskStore
    database: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    limit: float
    kept: Collection[int] = ()

    def launch(self, task_id: str) -> subprocess.Popen[bytes]:
        """Start the process of a task, in a session of its own: it outlives the process that started it.

        :raises ExecutorFailed: it cannot be started
        """
        path = os.pathsep.join(filter(None, [str(PACKAGE_PARENT), self.environ.get("PYTHONPATH", "")]))
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env={**self.environ, "PYTHONPATH": path},
                start_new_session=True,
                pass_fds=self.kept,
            )
        except OSError as error:
            raise ExecutorFailed(f"the process of the task cannot be started: {error}") from error
        assert process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
        spec = {"database": self.database, "task": task_id, "limit": self.limit}
        try:
            with process.stdin as pipe:
                pipe.write(json.dumps(spec).encode())
        except BrokenPipeError:
            log.warning("The process of task %s ended before it began", task_id)
        return process

    def supervise(
        self, task_id: str, process: subprocess.Popen[bytes], seconds: float, claimed_by: str = ""
    ) -> None:
        """Wait until a process ends, and fail its task if that has not ended.

        :param task_id: its task
        :param process: what ``launch`` returned
        :param seconds: after which the process should begin to tidy up; ``CLEANUP_SECONDS`` later it is killed
        :param claimed_by: who claimed the task for it, "" when nobody had to
        """
        try:
            code = process.wait(seconds + CLEANUP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        try:
            reason = f"the process of the task {_how(code)}"
            workers = [worker_name(process.pid), claimed_by]
            if any(self.store.abandon(task_id, worker, reason) for worker in workers if worker):
                log.error("The process of task %s %s", task_id, _how(code))
        except SQLAlchemyError as error:  # without heartbeats the task fails a little later
            log.warning("The end of task %s cannot be written down: %s", task_id, error_text(error))


class EmbeddedRunner:
    """A process for each task, and no more of them at once than there are permits; the other tasks wait in the store.

    Any process of the server starts what waits, also when the process that created the task has ended.

    :param launcher: starts the processes
    :param permits: bound their number on this machine
    """

    def __init__(self, launcher: TaskLauncher, permits: Permits) -> None:
        self._launcher = launcher
        self._permits = permits

    def start(self, task_id: str) -> None:
        """Start what waits, this task included, as far as there are permits."""
        self.maintain(self._launcher.store)

    def check(self) -> None:
        """Nothing can be wrong: the server starts the processes itself."""

    def maintain(self, store: TaskStore) -> None:
        """Start processes for the tasks that wait, oldest first, until no permit is free or no task is left.

        :raises ExecutorFailed: the permits cannot be used
        """
        while True:
            try:
                permit = self._permits.take()
            except OSError as error:
                raise ExecutorFailed(f"the processes of the tasks cannot be counted: {error}") from error
            if permit is None:
                return
            try:
                task_id = store.claim(_own_name())
                if task_id is not None:
                    self._launch(task_id, permit)
            finally:
                os.close(permit)  # the process of the task keeps it open
            # A caller that found no free permit while we held this one relies on us to start its task.
            if task_id is None and not store.waits():
                return

    def _launch(self, task_id: str, permit: int) -> None:
        try:
            process = replace(self._launcher, kept=(permit,)).launch(task_id)
        except ExecutorFailed as error:
            log.error("Task %s: %s", task_id, error)
            self._launcher.store.finish(task_id, TaskStatus.FAILED, str(error))
            return
        threading.Thread(target=self._supervise, args=(task_id, process), name="supervisor", daemon=True).start()

    def _supervise(self, task_id: str, process: subprocess.Popen[bytes]) -> None:
        self._launcher.supervise(task_id, process, self._launcher.limit, claimed_by=_own_name())
        try:
            self.maintain(self._launcher.store)
        except (SQLAlchemyError, ExecutorFailed) as error:  # a server tries again a little later
            log.warning("The next task cannot be started: %s", error)


def _own_name() -> str:
    """The name of this process in the store."""
    return worker_name(os.getpid())


def _how(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"died with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
