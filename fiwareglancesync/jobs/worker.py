"""Carries one task out, in this process: what the embedded runner starts, and what any other executor calls.

As a program (``python -m fiwareglancesync.jobs.worker``) it reads one JSON document from its standard input, the
database's URL, the task's id and the seconds that it may take, so that none is seen in a list of processes.
"""

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
from contextlib import closing, contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text, open_engine
from ..base.errors import Cancelled, CloudError, GlanceSyncError
from ..base.machine import is_running, this_machine
from ..base.signals import cancellable
from ..config import load_settings
from ..config.overrides import ORIGIN
from ..events import one_at_a_time
from ..images.execution.sync_run import Run
from ..images.federation_name import federation_of
from ..images.places.factory import EMBEDDED, open_federation
from ..images.planning import Choice
from ..images.region_job import RegionJob, region_error
from ..images.region_names import RegionRef
from ..images.status import StatusReader, summary_of
from ..images.task_recorder import TaskRecorder
from ..images.task_settings import task_settings
from .store import CANCELLED, TaskStore
from .tasks import Task, TaskStatus

HEARTBEAT_SECONDS = 1.0
"""Seconds between two signs of life, which are also looks whether somebody has cancelled."""

FINISH_RETRY_SECONDS = 60.0
"""Seconds for which the end of a task is tried to be written down."""

log = logging.getLogger("glancesync")


def main() -> int:
    """Read which task is meant, and do it.

    :return: 0 when the task was synced, 1 when it failed
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    spec = json.load(sys.stdin)
    store = TaskStore(open_engine(spec["database"]))
    done = carry_out(store, spec["task"], os.environ, spec["limit"])
    # At once: threads that still wait for an answer would be waited for otherwise.
    sys.stderr.flush()
    os._exit(0 if done else 1)


def carry_out(store: TaskStore, task_id: str, environ: Mapping[str, str], limit: float = math.inf) -> bool:
    """Do a task that the store has, unless it has ended already or another process does it.

    :param store: where the task is
    :param task_id: its id
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
            reason = _synchronise(store, task, environ)
    except Cancelled:
        reason = _why_stopped(store, task_id, limit if time.monotonic() >= until else None)
    except (GlanceSyncError, OSError) as error:
        reason = str(error)
    except Exception as error:
        log.exception("Task %s failed", task_id)
        reason = f"internal error: {type(error).__name__}"
    status = TaskStatus.SYNCED if reason is None else TaskStatus.FAILED
    _insist(lambda: store.finish(task_id, status, reason))
    return reason is None


def worker_name(pid: int) -> str:
    """What a process of this machine is called in the store."""
    return f"{this_machine()} {pid}"


def has_died(worker: str) -> bool:
    """Whether a worker was a process of this machine that is no more; nothing is known of other machines.

    :param worker: as ``worker_name`` called it
    """
    machine, _, pid = worker.rpartition(" ")
    return machine == this_machine() and not is_running(int(pid))


def _synchronise(store: TaskStore, task: Task, environ: Mapping[str, str]) -> str | None:
    """Do what the task asks for; why it failed, None when it did not."""
    ref = RegionRef.parse(task.region)
    request = task.request
    embedded = bool(environ.get(EMBEDDED))
    settings = task_settings(request, ref, environ, embedded=embedded)
    store.refuse_another(federation_of(settings, environ))  # the configuration may have been changed meanwhile
    federation = open_federation(settings, environ)
    recorder = TaskRecorder(store, task.id)
    with closing(Run(settings, federation, Choice(request.images))) as run:
        emit = one_at_a_time(recorder)
        run.report_waits(emit)
        try:
            told = run.prepare([ref], request.mode.purpose)
        except CloudError as error:
            return region_error(settings.master_region, error)
        asked = [message for message in settings.warnings if message.text.startswith(f"{ORIGIN}: ")]
        for message in [*asked, *told]:
            recorder.report(message)
        outcome = RegionJob(run, request.mode)(ref, emit).outcome
        if outcome.error is not None:
            return outcome.error
        if outcome.failures:
            return f"{outcome.failures} of the images failed"
        if run.matches_nothing:
            return "a pattern in images matches no image to be synchronised"
    with suppress(GlanceSyncError, OSError, SQLAlchemyError):  # the next look at the region makes up for it
        plain = load_settings(None, [], environ, mock=embedded)
        rows = StatusReader(plain, open_federation(plain, environ)).status(ref).rows
        store.save_summaries([summary_of(ref.full, rows)])
    return None


@contextmanager
def _alive(store: TaskStore, task_id: str, until: float) -> Iterator[None]:
    """Show signs of life until the end; when the task is to end before, stop this process as a user would.

    :param until: value of ``time.monotonic()`` at which its time is up
    """
    ended = threading.Event()

    def beat() -> None:
        told = False
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                cancel = store.live(task_id)
            except SQLAlchemyError as error:
                log.warning("Task %s: no sign of life can be given: %s", task_id, error_text(error))
                continue
            over = cancel is not False or time.monotonic() >= until
            if over and not told and not ended.is_set():
                told = True  # tidying up may take long, and who tidies up lives
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


def _insist(write: Callable[[], object]) -> None:
    """Write something down even when the database is away for a moment."""
    end = time.monotonic() + FINISH_RETRY_SECONDS
    while True:
        try:
            write()
        except SQLAlchemyError as error:
            if time.monotonic() > end:
                log.error("The end of a task cannot be written down: %s", error_text(error))
                return
            time.sleep(HEARTBEAT_SECONDS)
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
