"""Starts tasks: the embedded runner gives each a supervised process of its own, a bounded number of them at once."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
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
    """A way to have tasks carried out."""

    def start(self, task_id: str) -> None:
        """Have a task of the store carried out, sometime soon; returns at once. To ask twice does no harm.

        :raises ExecutorFailed: it cannot be
        """
        ...

    def check(self) -> None:
        """See whether tasks could be handed over now.

        :raises ExecutorFailed: they could not
        """
        ...

    def maintain(self, store: TaskStore) -> None:
        """Look after the tasks that wait; called now and then.

        :param store: where they are
        :raises ExecutorFailed: they cannot be handed over
        """
        ...


@dataclass(frozen=True)
class TaskLauncher:
    """What the process of a task is given, and how it is looked after.

    :param store: where the tasks are
    :param database: URL of the store's database
    :param environ: the environment of the process
    :param limit: seconds after which a task that still runs is ended
    :param kept: descriptors that the process has open as long as it lives
    """

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
                [sys.executable, "-m", "fiwareglancesync.jobs.worker"],
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
        """See a process end, and its task with it.

        :param task_id: its task
        :param process: what ``launch`` returned
        :param seconds: after which it should begin to tidy up; what lasts longer than that takes is killed
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
        except SQLAlchemyError as error:  # its heartbeat has ended, so it is found dead a little later
            log.warning("The end of task %s cannot be written down: %s", task_id, error_text(error))


class EmbeddedRunner:
    """A process for each task, and no more of them at once than there are slots; the others wait in the store.

    Any process of the server goes on with whatever waits: a task outlives the one that took it in.

    :param workplace: what the processes are given
    :param slots: bounds their number on this machine
    """

    def __init__(self, workplace: TaskLauncher, slots: Permits) -> None:
        self._workplace = workplace
        self._permits = slots

    def start(self, task_id: str) -> None:
        """Start what waits, this task among it, as far as there is room."""
        self.maintain(self._workplace.store)

    def check(self) -> None:
        """Nothing stands between the server and its processes."""

    def maintain(self, store: TaskStore) -> None:
        """Start processes for the tasks that wait, oldest first, until no slot is free or no task is left.

        :raises ExecutorFailed: no slot can be had
        """
        while True:
            try:
                slot = self._permits.take()
            except OSError as error:
                raise ExecutorFailed(f"the processes of the tasks cannot be counted: {error}") from error
            if slot is None:
                return
            try:
                task_id = store.claim(_us())
                if task_id is not None:
                    self._launch(task_id, slot)
            finally:
                os.close(slot)  # the process has it open
            # Whoever came while we held the slot in vain found none, and relies on us.
            if task_id is None and not store.waits():
                return

    def _launch(self, task_id: str, slot: int) -> None:
        try:
            process = replace(self._workplace, kept=(slot,)).launch(task_id)
        except ExecutorFailed as error:
            log.error("Task %s: %s", task_id, error)
            self._workplace.store.finish(task_id, TaskStatus.FAILED, str(error))
            return
        threading.Thread(target=self._see_through, args=(task_id, process), name="supervisor", daemon=True).start()

    def _see_through(self, task_id: str, process: subprocess.Popen[bytes]) -> None:
        self._workplace.supervise(task_id, process, self._workplace.limit, claimed_by=_us())
        try:
            self.maintain(self._workplace.store)
        except (SQLAlchemyError, ExecutorFailed) as error:  # somebody tries again a little later
            log.warning("The next task cannot be started: %s", error)


def _us() -> str:
    return worker_name(os.getpid())


def _how(code: int) -> str:
    if code >= 0:
        return f"died with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
