"""What a worker does with a message: a task is begun once, whatever comes."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.jobs import runner
from fiwareglancesync.jobs.celery_worker import run_task
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.runner import ExecutorFailed, TaskLauncher
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import Task, TaskStatus
from fiwareglancesync.jobs.worker import worker_name
from fiwareglancesync.kinds import WORKER_COMMAND


class Untouched(TaskLauncher):
    """A launcher by which no process is to be started."""

    def launch(self, task_id: str) -> subprocess.Popen[bytes]:
        """Say that one was."""
        raise AssertionError(f"{task_id} was begun")


@pytest.fixture
def launcher(tmp_path: Path) -> TaskLauncher:
    """An empty database, and no federation: what is begun there ends at once, as failed."""
    url = f"sqlite:///{tmp_path}/tasks.db"
    engine = open_engine(url)
    metadata.create_all(engine)
    return TaskLauncher(WORKER_COMMAND, TaskStore(engine), url, {"PATH": os.environ["PATH"]}, 60.0)


@pytest.fixture
def untouched(launcher: TaskLauncher) -> TaskLauncher:
    """The same, where nothing is to be begun."""
    return Untouched(**{field.name: getattr(launcher, field.name) for field in dataclasses.fields(launcher)})


def made(launcher: TaskLauncher) -> str:
    return launcher.store.create(Job("sync", "Burgos"))[0].id


def found(launcher: TaskLauncher, task_id: str) -> Task:
    task = launcher.store.by_id(task_id)
    assert task is not None
    return task


def dead_process() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_task_that_waits_is_done_by_a_process_of_its_own(launcher: TaskLauncher) -> None:
    task_id = made(launcher)
    run_task(task_id, launcher)
    task = found(launcher, task_id)
    assert task.status is TaskStatus.FAILED
    assert task.worker is not None
    assert task.worker.startswith(worker_name(0).removesuffix("0"))
    assert task.worker != worker_name(os.getpid())


@pytest.mark.parametrize("message", ["nothing", "'; DROP TABLE tasks; --", ""])
def test_a_task_that_is_unknown_is_left_alone(untouched: TaskLauncher, message: str) -> None:
    run_task(message, untouched)
    assert untouched.store.running("sync") == {}


def test_a_task_that_has_ended_is_left_alone(untouched: TaskLauncher) -> None:
    task_id = made(untouched)
    untouched.store.finish(task_id, TaskStatus.SYNCED)
    run_task(task_id, untouched)
    assert found(untouched, task_id).status is TaskStatus.SYNCED


@pytest.mark.parametrize(
    "worker", [worker_name(os.getpid()), "another-machine pid:[1] 1"], ids=["here", "on another machine"]
)
def test_a_task_that_somebody_does_is_left_to_them(untouched: TaskLauncher, worker: str) -> None:
    task_id = made(untouched)
    untouched.store.begin(task_id, worker)
    run_task(task_id, untouched)
    assert found(untouched, task_id).status is TaskStatus.SYNCING


def test_a_task_whose_process_is_no_more_has_failed(untouched: TaskLauncher) -> None:
    task_id = made(untouched)
    untouched.store.begin(task_id, worker_name(dead_process()))
    run_task(task_id, untouched)
    task = found(untouched, task_id)
    assert (task.status, task.reason) == (TaskStatus.FAILED, "the process of the task died")


def test_a_database_that_fails_begins_nothing(
    untouched: TaskLauncher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tasks.db").unlink()
    run_task("any", untouched)
    assert "Task any: the database cannot be used" in caplog.text


def test_a_task_whose_process_cannot_be_started_waits_for_another_worker(
    untouched: TaskLauncher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ExecutorFailed("the process of the task cannot be started: no memory")

    monkeypatch.setattr(Untouched, "launch", fail)
    task_id = made(untouched)
    run_task(task_id, untouched)
    assert f"Task {task_id}: the process of the task cannot be started: no memory" in caplog.text
    task = found(untouched, task_id)
    assert (task.status, task.started) == (TaskStatus.SYNCING, None)


def test_a_process_that_overstays_is_killed(launcher: TaskLauncher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CLEANUP_SECONDS", 0.0)
    task_id = made(launcher)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    launcher.supervise(task_id, process, 0.0)
    assert found(launcher, task_id).reason == "the process of the task was killed by SIGKILL"


def test_the_end_of_a_process_is_nothing_to_a_task_that_another_does(launcher: TaskLauncher) -> None:
    task_id = made(launcher)
    launcher.store.begin(task_id, worker_name(os.getpid()))
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    launcher.supervise(task_id, process, 60.0)
    assert found(launcher, task_id).status is TaskStatus.SYNCING
