"""How a task ends that is not let end by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.jobs import worker
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import TaskRequest
from fiwareglancesync.jobs.worker import carry_out, has_died, worker_name
from tests.support.server import wait_for


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskStore:
    """An empty store, and work that lasts for ever."""

    def work_for_ever(*_: object) -> None:
        time.sleep(600)

    monkeypatch.setattr(worker, "_synchronise", work_for_ever)
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.01)
    engine = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(engine)
    return TaskStore(engine)


def test_a_task_whose_time_is_up_is_ended_tidily(store: TaskStore) -> None:
    task, _ = store.create("Burgos", TaskRequest())
    assert not carry_out(store, task.id, {}, 0.1)
    found = store.by_id(task.id)
    assert found is not None
    assert found.reason == "not done within the time limit of 0 seconds"


def test_a_cancelled_task_lives_until_everything_is_tidy(store: TaskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    task, _ = store.create("Burgos", TaskRequest())

    def heartbeat() -> float:
        found = store.by_id(task.id)
        assert found is not None
        return found.heartbeat

    def work_and_tidy_up(*_: object) -> None:
        store.cancel(task.id)
        try:
            time.sleep(600)
        finally:
            stopped = time.time()
            wait_for(lambda: heartbeat() > stopped, "a sign of life")

    monkeypatch.setattr(worker, "_synchronise", work_and_tidy_up)
    assert not carry_out(store, task.id, {})
    found = store.by_id(task.id)
    assert found is not None
    assert found.reason == "cancelled"


def test_a_task_that_another_process_has_begun_is_not_begun_again(store: TaskStore) -> None:
    task, _ = store.create("Burgos", TaskRequest())
    store.begin(task.id, "here 1")
    assert not carry_out(store, task.id, {})
    found = store.by_id(task.id)
    assert found is not None
    assert (found.worker, found.finished) == ("here 1", None)


def test_only_processes_of_this_machine_are_known_to_have_died() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert has_died(worker_name(process.pid))
    assert not has_died(worker_name(os.getpid()))
    assert not has_died(f"another-machine {process.pid}")
