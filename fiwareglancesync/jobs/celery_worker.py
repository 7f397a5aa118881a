"""The other end of the queue: a Celery worker, each of whose slots looks after the process of one task."""

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


def work(queue: Any, workplace: TaskLauncher, slots: int) -> int:
    """Take tasks until a signal ends it.

    SIGTERM, and a first SIGINT: take no further task, and end when those that run have ended. SIGQUIT, and a second
    SIGINT: end those too, tidily. Killed, it leaves their processes at work, and they end as if nothing had been.

    :param queue: see ``make_queue``
    :param workplace: what the processes of the tasks are given
    :param slots: tasks that are done at once
    :return: the exit code
    """
    from celery.platforms import SecurityWarning
    from celery.signals import setup_logging

    def synchronise(task_id: str) -> None:
        take(task_id, workplace)

    queue.task(name=TASK, ignore_result=True)(synchronise)

    def keep_logging(**_: Any) -> None:
        """Celery leaves the log as it is, because somebody listens to this signal."""

    setup_logging.connect(keep_logging)
    for name in ("celery.worker.strategy", "celery.app.trace"):  # they tell of messages; we tell of tasks
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.simplefilter("ignore", SecurityWarning)  # about root, and a serialiser that is not accepted here
    worker = queue.Worker(
        hostname=f"glancesync-{os.getpid()}@{socket.gethostname()}",
        queues=[queue.conf.task_default_queue],
        pool="prefork",
        concurrency=slots,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def take(task_id: str, workplace: TaskLauncher) -> None:
    """Have a task done by a process of its own and see it end, unless it needs nobody.

    :param task_id: as a message has it
    :param workplace: what its process is given
    """
    try:
        if not _waits(task_id, workplace):
            return
    except SQLAlchemyError as error:  # the server sends it again
        log.warning("Task %s: the database cannot be used: %s", task_id, error_text(error))
        return
    try:
        process = workplace.launch(task_id)
    except ExecutorFailed as error:  # likewise, perhaps to another worker
        log.error("Task %s: %s", task_id, error)
        return
    log.info("Task %s begins as process %d", task_id, process.pid)
    try:
        with cancellable(child=True):
            workplace.supervise(task_id, process, workplace.limit)
    except Cancelled:
        process.terminate()
        workplace.supervise(task_id, process, 0.0)
    log.info("Task %s has ended", task_id)


def _waits(task_id: str, workplace: TaskLauncher) -> bool:
    """Whether a task is still to be begun; one whose process died on this machine is ended."""
    task = workplace.store.by_id(task_id)
    if task is None:
        log.error("Task %s is not in the database; was it deleted, or has the server another database?", task_id)
        return False
    if task.status is not TaskStatus.SYNCING:
        log.info("Task %s has ended already", task_id)
        return False
    if task.started is None:
        return True
    if task.worker is not None and has_died(task.worker):
        workplace.store.abandon(task_id, task.worker, "the process of the task died")
    log.info("Task %s was begun already", task_id)
    return False
