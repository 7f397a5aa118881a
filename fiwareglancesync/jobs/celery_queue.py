"""Tasks through Celery: what the server that sends them and the workers that take them have in common.

A message holds the id of a task and nothing else. What is to be done, and with which credentials, each worker reads
from the database and from its own settings. A message may come twice, late or never: the row of the task decides who
does it, a message without a waiting task is dropped, and a task that waits for long is sent again.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any
from urllib.parse import urlsplit

from ..base.database import key_of
from ..base.dependencies import without
from .runner import CLEANUP_SECONDS, ExecutorFailed
from .store import TaskStore

TASK = "glancesync.synchronise"
"""The name in the messages of tasks of all kinds; messages of older versions, which may still be queued, have it."""

QUEUE = "glancesync"
"""How the names of the queues begin."""

MAX_QUEUE_SECONDS = 24 * 3600.0
"""Seconds for which a task may wait for a worker."""

REMINDER_SECONDS = 300.0
"""Seconds after which a task that still waits for a worker is sent again, in case a message was lost."""

CONNECT_SECONDS = 5.0
"""Seconds in which a broker has to answer somebody who waits for it."""

GRACE_SECONDS = 60.0
"""Seconds between the moment when a process has been killed for its time and the end of whoever watches it."""

log = logging.getLogger("glancesync")


def make_queue(broker: str, limit: float, federation: str) -> Any:
    """Make the Celery application.

    :param broker: URL of Redis or RabbitMQ
    :param limit: seconds that a task may take
    :param federation: whose tasks they are; the broker may serve another one too
    :return: a ``celery.Celery``, which knows no task yet and is not connected
    :raises NotInstalled: Celery, or its driver for Redis, is not installed
    """
    try:
        from celery import Celery

        if _scheme(broker).startswith("redis"):
            import redis  # noqa: F401 - its absence would show only when the first message is sent
    except ImportError as error:
        raise without(error.name or "celery", "celery", "EXECUTOR = celery needs it") from error
    longest = limit + CLEANUP_SECONDS + GRACE_SECONDS
    queue = Celery("glancesync", broker=broker, set_as_current=False, autofinalize=True)
    queue.conf.update(
        task_default_queue=f"{QUEUE}-{key_of(federation)[:16]}",
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A message is acknowledged when its task has ended, so that another worker gets it if the first one is lost.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=longest,
        # No worker takes more messages than it has processes: synchronisations are long.
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_proc_alive_timeout=GRACE_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_transport_options=_transport_options(broker, longest),
        broker_use_ssl=_tls(broker),
    )
    return queue


class CeleryExecutor:
    """Sends tasks to the workers.

    :param queue: see ``make_queue``
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def start(self, task_id: str) -> None:
        """Send the id of a task."""
        from kombu.exceptions import OperationalError

        policy = {"max_retries": 1, "interval_start": 0.0, "interval_step": 0.5, "interval_max": 0.5}
        try:
            self._queue.send_task(TASK, [task_id], retry_policy=policy)
        except (OperationalError, OSError) as error:
            raise ExecutorFailed(f"the broker of the tasks cannot be reached: {_words(error)}") from error

    def check(self) -> None:
        """Connect to the broker."""
        from kombu.exceptions import OperationalError

        with self._queue.connection_for_write() as connection:
            try:
                connection.ensure_connection(
                    max_retries=1, interval_start=0.0, interval_step=0.0, timeout=CONNECT_SECONDS
                )
            except (OperationalError, OSError) as error:
                raise ExecutorFailed(
                    f"the broker at {connection.as_uri()} cannot be reached: {_words(error)}; "
                    "see that it runs, and that BROKER_URL is right"
                ) from error

    def maintain(self, store: TaskStore) -> None:
        """Send the ids of tasks that have waited for long again.

        :raises ExecutorFailed: the broker cannot be reached
        """
        for task_id in store.requeue_stale(REMINDER_SECONDS):
            log.warning("Task %s still waits for a worker; it is sent again", task_id)
            self.start(task_id)


def _scheme(broker: str) -> str:
    return urlsplit(broker).scheme.lower()


def _transport_options(broker: str, longest: float) -> dict[str, Any]:
    """Options of the driver of a broker.

    :param longest: seconds for which a message may stay unacknowledged before Redis gives it to another worker
    """
    if _scheme(broker).startswith("redis"):
        return {"visibility_timeout": longest, "socket_connect_timeout": CONNECT_SECONDS, "socket_keepalive": True}
    return {"confirm_publish": True}


def _tls(broker: str) -> dict[str, Any] | bool:
    """RabbitMQ's certificate is checked, as Redis' driver does by itself."""
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None} if _scheme(broker) == "amqps" else False


def _words(error: BaseException) -> str:
    """The complaint of a driver, in one line."""
    return " ".join(str(error.__cause__ or error).split()).rstrip(".") or type(error).__name__
