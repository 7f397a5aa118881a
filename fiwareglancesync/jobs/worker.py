"""Carries one task out, in this process: what the embedded runner starts, and what any other executor calls."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from ..base.database import error_text, open_engine
from ..base.errors import Cancelled, GlanceSyncError
from ..base.machine import is_running, this_machine
from ..base.signals import cancellable
from ..base.text import show
from .job import Outcome
from .store import CANCELLED, TaskStore
from .tasks import Task, TaskStatus

Run = Callable[[TaskStore, Task, Mapping[str, str]], Outcome]
"""Does the job of a task. It takes the store, in which it writes what it does, the task, and the environment.

When the task is cancelled or its time is up, ``Cancelled`` is raised in it. Other errors become the reason of the task.
"""

Kinds = Mapping[str, Run]
"""By its kind, the function that does a job."""

HEARTBEAT_SECONDS = 1.0
"""Seconds between two heartbeats; at each one the worker checks whether the task is to be cancelled."""

FINISH_RETRY_SECONDS = 60.0
"""Seconds for which writing down the end of a task is tried."""

FINISH_PAUSE_SECONDS = 1.0
"""Seconds between two of these tries."""

log = logging.getLogger("glancesync")


def main(kinds: Kinds) -> int:
    """Carry out the task that the standard input names, and end this process.

    The input is one JSON document with the database's URL, the task's id and the seconds that it may take: so a list of
    processes shows none of them.

    :param kinds: the kinds of jobs that there are
    :return: 0 when the task was synced, 1 when it failed
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    spec = json.load(sys.stdin)
    store = TaskStore(open_engine(spec["database"]))
    done = carry_out(store, spec["task"], kinds, os.environ, spec["limit"])
    # At once: otherwise Python waits for threads that still wait for an answer.
    sys.stderr.flush()
    os._exit(0 if done else 1)


def carry_out(
    store: TaskStore, task_id: str, kinds: Kinds, environ: Mapping[str, str], limit: float = math.inf
) -> bool:
    """Do a task that the store has, unless it has ended already or another process does it.

    :param store: where the task is
    :param task_id: its id
    :param kinds: the kinds of jobs that there are
    :param environ: the environment, which leads to the configuration
    :param limit: seconds after which it is ended tidily
    :return: whether it ended ``synced``
    """
    task = store.begin(task_id, worker_name(os.getpid()))
    if task is None:
        return False
    until = time.monotonic() + limit
    try:
        with cancellable(), _alive(store, task_id, until):
            failure = _run_of(task, kinds)(store, task, environ).failure
    except Cancelled:
        failure = _why_stopped(store, task_id, limit if time.monotonic() >= until else None)
    except (GlanceSyncError, OSError) as error:
        failure = str(error)
    except Exception as error:
        log.exception("Task %s failed", task_id)
        failure = f"internal error: {type(error).__name__}"
    _finish(store, task_id, failure)
    return failure is None


def worker_name(pid: int) -> str:
    """The name of a process of this machine in the store."""
    return f"{this_machine()} {pid}"


def has_died(worker: str) -> bool:
    """Whether a worker was a process of this machine that has ended; nothing is known of other machines.

    :param worker: see ``worker_name``
    """
    machine, _, pid = worker.rpartition(" ")
    return machine == this_machine() and not is_running(int(pid))


def _run_of(task: Task, kinds: Kinds) -> Run:
    """The function that does a task.

    :raises GlanceSyncError: there is none for its kind
    """
    if task.kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise GlanceSyncError(f"this version of the program knows no task of the kind {show(task.kind)}, only: {known}")
    return kinds[task.kind]


@contextmanager
def _alive(store: TaskStore, task_id: str, until: float) -> Iterator[None]:
    """Send heartbeats until the end. If the task is to end earlier, send this process the signal that a user sends.

    :param until: value of ``time.monotonic()`` at which its time is up
    """
    ended = threading.Event()

    def beat() -> None:
        stopped = False
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                cancel = store.live(task_id)
            except SQLAlchemyError as error:
                log.warning("Task %s: no heartbeat can be recorded: %s", task_id, error_text(error))
                continue
            over = cancel is not False or time.monotonic() >= until
            if over and not stopped and not ended.is_set():
                stopped = True  # once only, and the heartbeats go on: cleaning up may take long
                os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _why_stopped(store: TaskStore, task_id: str, overrun: float | None) -> str:
    with suppress(SQLAlchemyError):
        task = store.by_id(task_id)
        if task is not None and task.cancel:
            return CANCELLED
    return "stopped by a signal" if overrun is None else f"not done within the time limit of {overrun:.0f} seconds"


def _finish(store: TaskStore, task_id: str, failure: str | None) -> None:
    """Write down the end of a task, also when the database cannot be used for a moment."""
    status = TaskStatus.SYNCED if failure is None else TaskStatus.FAILED
    attempts = Retrying(
        stop=stop_after_delay(FINISH_RETRY_SECONDS),
        wait=wait_fixed(FINISH_PAUSE_SECONDS),
        retry=retry_if_exception_type(SQLAlchemyError),
        reraise=True,
    )
    try:
        attempts(store.finish, task_id, status, failure)
    except SQLAlchemyError as error:
        log.error("The end of a task cannot be written down: %s", error_text(error))
