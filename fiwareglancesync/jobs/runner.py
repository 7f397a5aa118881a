"""Starts tasks: the embedded runner gives each a supervised process of its own."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from ..errors import GlanceSyncError
from .lease import one_line
from .store import TaskStore
from .worker import worker_name

PACKAGE_PARENT = Path(__file__).resolve().parents[2]

TIDYING = 300.0
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


@dataclass(frozen=True)
class Workplace:
    """What the process of a task is given, and how it is looked after.

    :param store: where the tasks are
    :param database: URL of the store's database
    :param environ: the environment of the process
    :param limit: seconds after which a task that still runs is ended
    """

    store: TaskStore
    database: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    limit: float

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

    def supervise(self, task_id: str, process: subprocess.Popen[bytes], seconds: float) -> None:
        """See a process end, and its task with it.

        :param task_id: its task
        :param process: what ``launch`` returned
        :param seconds: after which it should begin to tidy up; what lasts longer than that takes is killed
        """
        try:
            code = process.wait(seconds + TIDYING)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        try:
            reason = f"the process of the task {_how(code)}"
            if self.store.abandon(task_id, worker_name(process.pid), reason):
                log.error("The process of task %s %s", task_id, _how(code))
        except SQLAlchemyError as error:  # its heartbeat has ended, so it is found dead a little later
            log.warning("The end of task %s cannot be written down: %s", task_id, one_line(error))


class EmbeddedRunner:
    """A process for each task, at once.

    :param workplace: what the processes are given
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def start(self, task_id: str) -> None:
        """Start the process of a task."""
        process = self._workplace.launch(task_id)
        threading.Thread(
            target=self._workplace.supervise,
            args=(task_id, process, self._workplace.limit),
            name="supervisor",
            daemon=True,
        ).start()

    def check(self) -> None:
        """Nothing stands between the server and its processes."""


def _how(code: int) -> str:
    if code >= 0:
        return f"died with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
