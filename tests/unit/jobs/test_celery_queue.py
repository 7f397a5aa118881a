"""What is sent to the workers, and what is said when that cannot be."""

from __future__ import annotations

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.errors import NotInstalled
from fiwareglancesync.jobs.celery_queue import MAX_QUEUE_SECONDS, REMINDER_SECONDS, TASK, CeleryExecutor, make_queue
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.runner import ExecutorFailed
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tables import tasks

HOUR = 3600.0
FEDERATION = "Spain@http://keystone:5000"
NOBODY = "redis://user:secret@127.0.0.1:1/0"


@pytest.fixture
def queue() -> Any:
    """A queue within this process, and of one test."""
    return make_queue(f"memory://{uuid.uuid4()}", HOUR, FEDERATION)


def test_the_id_of_the_task_alone_is_sent_as_json(queue: Any) -> None:
    CeleryExecutor(queue).start("the-task")
    with queue.connection_for_read() as connection, connection.SimpleQueue(queue.conf.task_default_queue) as messages:
        message = messages.get(timeout=60)
    assert (message.content_type, message.headers["task"]) == ("application/json", TASK)
    arguments, options, _ = json.loads(message.body)
    assert (arguments, options) == (["the-task"], {})


def test_messages_have_the_name_that_those_of_older_versions_have() -> None:
    assert TASK == "glancesync.synchronise"


def test_each_federation_has_a_queue_of_its_own() -> None:
    names = [make_queue("memory://", HOUR, name).conf.task_default_queue for name in (FEDERATION, "embedded:/a")]
    assert len(set(names)) == 2
    assert all(name.startswith("glancesync-") for name in names)


def test_a_task_that_waits_for_long_is_sent_again(queue: Any, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(engine)
    store, executor = TaskStore(engine, MAX_QUEUE_SECONDS), CeleryExecutor(queue)
    waiting, _ = store.create(Job("sync", "Burgos"))
    begun, _ = store.create(Job("sync", "Caceres"))
    store.begin(begun.id, "here 1")
    executor.maintain(store)
    with engine.begin() as connection:
        connection.execute(update(tasks).values(heartbeat=time.time() - REMINDER_SECONDS - 1))
    executor.maintain(store)
    executor.maintain(store)
    with queue.connection_for_read() as connection, connection.SimpleQueue(queue.conf.task_default_queue) as messages:
        assert json.loads(messages.get(timeout=60).body)[0] == [waiting.id]
        assert messages.qsize() == 0


def test_a_message_goes_when_its_task_has_ended_and_stays_when_its_worker_is_lost(queue: Any) -> None:
    assert queue.conf.task_acks_late
    assert queue.conf.task_reject_on_worker_lost
    assert queue.conf.accept_content == ["json"]


def test_redis_gives_no_message_away_before_the_longest_task_has_ended() -> None:
    queue = make_queue("redis://127.0.0.1/0", 48 * HOUR, FEDERATION)
    assert queue.conf.broker_transport_options["visibility_timeout"] > queue.conf.task_time_limit - 1 > 48 * HOUR


def test_the_certificate_of_a_rabbitmq_is_checked() -> None:
    assert make_queue("amqps://host", HOUR, FEDERATION).conf.broker_use_ssl["cert_reqs"].name == "CERT_REQUIRED"


@pytest.mark.parametrize("broker", [NOBODY, "amqp://user:secret@127.0.0.1:1//"])
def test_a_broker_that_does_not_answer(broker: str) -> None:
    executor = CeleryExecutor(make_queue(broker, HOUR, FEDERATION))
    for act in (executor.check, lambda: executor.start("the-task")):
        with pytest.raises(ExecutorFailed) as caught:
            act()
        assert "cannot be reached" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["celery", "redis"])
def test_celery_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(NotInstalled, match=rf"^{missing} is not .*, and EXECUTOR = celery needs it; .*\[celery\]'?$"):
        make_queue(NOBODY, HOUR, FEDERATION)
