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
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from .lease import one_line
from .store import TaskStore
from .tasks import TaskStatus

PACKAGE_PARENT = Path(__file__).resolve().parents[2]

log = logging.getLogger("glancesync")


class Executor(Protocol):
    """A way to have tasks carried out."""

    def start(self, task_id: str) -> None:
        """Have a task of the store carried out, sometime soon; returns at once.

        :raises OSError: it cannot be
        """
        ...


class EmbeddedRunner:
    """A process for each task, in a session of its own: it outlives the server's process that started it.

    :param store: where the tasks are
    :param database: URL of the store's database, for the workers
    :param environ: the environment of the workers
    """

    def __init__(self, store: TaskStore, database: str, environ: Mapping[str, str]) -> None:
        self._store = store
        self._database = database
        path = os.pathsep.join(filter(None, [str(PACKAGE_PARENT), environ.get("PYTHONPATH", "")]))
        self._environ = {**environ, "PYTHONPATH": path}

    def start(self, task_id: str) -> None:
        """Start the process of a task."""
        process = subprocess.Popen(
            [sys.executable, "-m", "fiwareglancesync.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=self._environ,
            start_new_session=True,
        )
        assert process.stdin is not None  # noqa: S101 - for the type checker: it was asked for
        try:
            with process.stdin as pipe:
                pipe.write(json.dumps({"database": self._database, "task": task_id}).encode())
        except BrokenPipeError:
            log.warning("The process of task %s ended before it began", task_id)
        threading.Thread(target=self._supervise, args=(task_id, process), name="supervisor", daemon=True).start()

    def _supervise(self, task_id: str, process: subprocess.Popen[bytes]) -> None:
        """See a process end, and its task with it."""
        code = process.wait()
        try:
            if self._store.finish(task_id, TaskStatus.FAILED, f"the process of the task {_how(code)}"):
                log.error("The process of task %s %s", task_id, _how(code))
        except SQLAlchemyError as error:  # its heartbeat has ended, so it is found dead a little later
            log.warning("The end of task %s cannot be written down: %s", task_id, one_line(error))


def _how(code: int) -> str:
    if code >= 0:
        return f"died with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
