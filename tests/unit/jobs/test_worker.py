"""How a task begins and ends, whatever its job does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.jobs import worker
from fiwareglancesync.jobs.job import Job, Outcome
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import Task, TaskStatus
from fiwareglancesync.jobs.worker import carry_out, has_died, worker_name
from tests.support.conditions import wait_for

BURGOS = Job("test", "Burgos", '{"how": "well"}')


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskStore:
    """An empty store; signs of life come often."""
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.01)
    engine = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(engine)
    return TaskStore(engine)


def work_for_ever(store: TaskStore, task: Task, environ: Mapping[str, str]) -> Outcome:
    """A job that lasts longer than the test."""
    time.sleep(600)
    return Outcome()


def stored(store: TaskStore, task_id: str) -> Task:
    found = store.by_id(task_id)
    assert found is not None
    return found


def test_the_function_of_its_kind_does_a_job(store: TaskStore) -> None:
    seen: list[Task] = []

    def work(given: TaskStore, task: Task, environ: Mapping[str, str]) -> Outcome:
        assert (given, environ) == (store, {"A": "1"})
        seen.append(task)
        return Outcome()

    task, _ = store.create(BURGOS)
    assert carry_out(store, task.id, {"another": work_for_ever, "test": work}, {"A": "1"})
    assert [(found.id, found.kind, found.subject, found.request) for found in seen] == [
        (task.id, BURGOS.kind, BURGOS.subject, BURGOS.request)
    ]
    assert (stored(store, task.id).status, stored(store, task.id).reason) == (TaskStatus.SYNCED, None)


def test_a_job_says_why_it_failed_or_raises_it(store: TaskStore) -> None:
    def fail(*_: object) -> Outcome:
        return Outcome("2 of the images failed")

    def refuse(*_: object) -> Outcome:
        raise GlanceSyncError("it is not configured")

    def break_off(*_: object) -> Outcome:
        raise KeyError("secret")

    reasons = []
    for work in (fail, refuse, break_off):
        task, _ = store.create(BURGOS)
        assert not carry_out(store, task.id, {"test": work}, {})
        reasons.append(stored(store, task.id).reason)
    assert reasons == ["2 of the images failed", "it is not configured", "internal error: KeyError"]


def test_a_task_of_an_unknown_kind_fails_with_one_line(store: TaskStore, caplog: pytest.LogCaptureFixture) -> None:
    task, _ = store.create(Job("odd\nkind", "Burgos"))
    assert not carry_out(store, task.id, {"test": work_for_ever, "another": work_for_ever}, {})
    found = stored(store, task.id)
    expected = "this version of the program knows no task of the kind odd\\x0akind, only: another, test"
    assert (found.status, found.reason) == (TaskStatus.FAILED, expected)
    assert "Traceback" not in caplog.text


def test_a_task_whose_time_is_up_is_ended_tidily(store: TaskStore) -> None:
    task, _ = store.create(BURGOS)
    assert not carry_out(store, task.id, {"test": work_for_ever}, {}, 0.1)
    assert stored(store, task.id).reason == "not done within the time limit of 0 seconds"


def test_a_cancelled_task_lives_until_everything_is_tidy(store: TaskStore) -> None:
    task, _ = store.create(BURGOS)

    def work_and_tidy_up(*_: object) -> Outcome:
        store.cancel(task.id)
        try:
            time.sleep(600)
        finally:
            stopped = time.time()
            wait_for(lambda: stored(store, task.id).heartbeat > stopped, "a sign of life")
        return Outcome()

    assert not carry_out(store, task.id, {"test": work_and_tidy_up}, {})
    assert stored(store, task.id).reason == "cancelled"


def test_a_task_that_another_process_has_begun_is_not_begun_again(store: TaskStore) -> None:
    task, _ = store.create(BURGOS)
    store.begin(task.id, "here 1")
    assert not carry_out(store, task.id, {"test": work_for_ever}, {})
    found = stored(store, task.id)
    assert (found.worker, found.finished) == ("here 1", None)


class TestEndThatCannotBeWritten:
    """The database refuses the end of a task, some times or for good."""

    @pytest.fixture(autouse=True)
    def no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worker, "FINISH_PAUSE_SECONDS", 0.01)

    def refusing(self, store: TaskStore, monkeypatch: pytest.MonkeyPatch, times: float) -> list[str]:
        """Have a store refuse so many times; what it was asked to finish."""
        asked: list[str] = []
        finish = TaskStore.finish

        def refuse(self: TaskStore, task_id: str, status: TaskStatus, reason: str | None = None) -> bool:
            asked.append(task_id)
            if len(asked) <= times:
                raise OperationalError("UPDATE", {}, Exception("the database is away"))
            return finish(self, task_id, status, reason)

        monkeypatch.setattr(TaskStore, "finish", refuse)
        return asked

    def test_it_is_tried_again(self, store: TaskStore, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = self.refusing(store, monkeypatch, 3)
        task, _ = store.create(BURGOS)
        assert carry_out(store, task.id, {"test": lambda *_: Outcome()}, {})
        assert asked == [task.id] * 4
        assert stored(store, task.id).status is TaskStatus.SYNCED

    def test_it_is_given_up_in_the_end(
        self, store: TaskStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(worker, "FINISH_RETRY_SECONDS", 0.1)
        asked = self.refusing(store, monkeypatch, float("inf"))
        task, _ = store.create(BURGOS)
        assert carry_out(store, task.id, {"test": lambda *_: Outcome()}, {})
        assert len(asked) > 1
        assert stored(store, task.id).status is TaskStatus.SYNCING
        assert caplog.messages == ["The end of a task cannot be written down: the database is away"]


def test_only_processes_of_this_machine_are_known_to_have_died() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert has_died(worker_name(process.pid))
    assert not has_died(worker_name(os.getpid()))
    assert not has_died(f"another-machine {process.pid}")
