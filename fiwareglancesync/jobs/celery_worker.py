"""A Celery worker. Each of its processes starts the process of one task, and waits for its end."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ..base.database import error_text
from ..base.errors import Cancelled
from ..base.signals import cancellable
from .celery_queue import TASK
from .runner import ExecutorFailed, TaskLauncher
from .tasks import TaskStatus
from .worker import has_died

log = logging.getLogger("glancesync")


def work(queue: Any, launcher: TaskLauncher, concurrency: int) -> int:
    """Take tasks until a signal ends it.

    SIGTERM, and a first SIGINT: take no further task, and end when those that run have ended. SIGQUIT, and a second
    SIGINT: end those too, tidily. If it is killed, the processes of its tasks go on until the tasks are done.

    :param queue: see ``make_queue``
    :param launcher: starts the processes of the tasks
    :param concurrency: tasks that are done at once
    :return: the exit code
    """
    from celery.platforms import SecurityWarning
    from celery.signals import setup_logging

    def carry_out(task_id: str) -> None:
        run_task(task_id, launcher)

    queue.task(name=TASK, ignore_result=True)(carry_out)

    def keep_logging(**_: Any) -> None:
        """Do nothing: Celery leaves the log as it is if somebody listens to this signal."""

    setup_logging.connect(keep_logging)
    for name in ("celery.worker.strategy", "celery.app.trace"):  # they log messages, which say nothing of tasks
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.simplefilter("ignore", SecurityWarning)  # about root, and a serialiser that is not accepted here
    worker = queue.Worker(
        hostname=f"glancesync-{os.getpid()}@{socket.gethostname()}",
        queues=[queue.conf.task_default_queue],
        pool="prefork",
        concurrency=concurrency,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def run_task(task_id: str, launcher: TaskLauncher) -> None:
    """Have a task done by a process of its own and wait for its end, unless the task has been begun or has ended.

    :param task_id: as a message has it
    :param launcher: starts its process
    """
    try:
        if not _may_start(task_id, launcher):
            return
    except SQLAlchemyError as error:  # the server sends it again
        log.warning("Task %s: the database cannot be used: %s", task_id, error_text(error))
        return
    try:
        process = launcher.launch(task_id)
    except ExecutorFailed as error:  # likewise, perhaps to another worker
        log.error("Task %s: %s", task_id, error)
        return
    log.info("Task %s begins as process %d", task_id, process.pid)
    try:
        with cancellable(child=True):
            launcher.supervise(task_id, process, launcher.limit)
    except Cancelled:
        process.terminate()
        launcher.supervise(task_id, process, 0.0)
    log.info("Task %s has ended", task_id)


def _may_start(task_id: str, launcher: TaskLauncher) -> bool:
    """Whether a task is still to be begun; one whose process died on this machine is set to failed."""
    task = launcher.store.by_id(task_id)
    if task is None:
        log.error("Task %s is not in the database; was it deleted, or has the server another database?", task_id)
        return False
    if task.status is not TaskStatus.SYNCING:
        log.info("Task %s has ended already", task_id)
        return False
    if task.started is None:
        return True
    if task.worker is not None and has_died(task.worker):
        launcher.store.abandon(task_id, task.worker, "the process of the task died")
    log.info("Task %s was begun already", task_id)
    return False
