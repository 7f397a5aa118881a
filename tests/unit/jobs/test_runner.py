"""The embedded runner: how many processes there are at once, and what becomes of tasks that wait."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.runner import EmbeddedRunner, ExecutorFailed, TaskLauncher
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import TaskStatus
from fiwareglancesync.jobs.worker import worker_name
from fiwareglancesync.locks.permits import Permits
from tests.support.conditions import wait_for

REGIONS = ("Avila", "Burgos", "Caceres", "Madrid")


@dataclass(frozen=True)
class Workbench(TaskLauncher):
    """Has processes that do nothing until they are ended."""

    begun: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def launch(self, task_id: str) -> subprocess.Popen[bytes]:
        """Start one, which takes its task on."""
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=self.kept)
        self.store.begin(task_id, worker_name(process.pid))
        self.begun[task_id] = process
        return process

    def end(self, task_id: str) -> None:
        """Let a task be synced."""
        self.store.finish(task_id, TaskStatus.SYNCED)
        self.begun[task_id].terminate()


class Broken(TaskLauncher):
    """Has no processes."""

    def launch(self, task_id: str) -> subprocess.Popen[bytes]:
        """Fail."""
        raise ExecutorFailed("no memory")


@pytest.fixture
def store(tmp_path: Path) -> TaskStore:
    """An empty store."""
    engine = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(engine)
    return TaskStore(engine, 1000)


@pytest.fixture
def workbench(store: TaskStore) -> Iterator[Workbench]:
    """Where the processes are; none is left."""
    made = Workbench((), store, "", {}, 1000.0)
    yield made
    for process in made.begun.values():
        process.terminate()
        process.wait()


@pytest.fixture
def runner(workbench: Workbench, tmp_path: Path) -> EmbeddedRunner:
    """A runner for two tasks at once."""
    return EmbeddedRunner(workbench, Permits(tmp_path, "tasks", 2))


@pytest.fixture
def tasks(store: TaskStore, runner: EmbeddedRunner) -> list[str]:
    """Four tasks that were asked for at once."""
    made = []
    for region in REGIONS:
        made.append(store.create(Job("sync", region))[0].id)
        runner.start(made[-1])
    return made


def begun(workbench: Workbench, *wanted: str) -> Callable[[], bool]:
    return lambda: set(workbench.begun) == set(wanted)


def test_no_more_tasks_run_at_once_than_there_are_slots(workbench: Workbench, tasks: list[str]) -> None:
    assert set(workbench.begun) == set(tasks[:2])
    assert [task.status for task in map(workbench.store.by_id, tasks) if task] == [TaskStatus.SYNCING] * 4


def test_when_a_task_ends_the_next_one_begins(workbench: Workbench, tasks: list[str]) -> None:
    workbench.end(tasks[1])
    wait_for(begun(workbench, *tasks[:3]), "the third task")
    workbench.end(tasks[0])
    wait_for(begun(workbench, *tasks), "the fourth task")


def test_a_task_that_dies_makes_room_and_has_failed(workbench: Workbench, tasks: list[str]) -> None:
    workbench.begun[tasks[0]].kill()
    wait_for(begun(workbench, *tasks[:3]), "the third task")
    found = wait_for(lambda: workbench.store.by_id(tasks[0]), "the first task")
    assert (found.status, found.reason) == (TaskStatus.FAILED, "the process of the task was killed by SIGKILL")


def test_tasks_count_although_the_server_that_began_them_is_gone(
    workbench: Workbench, tasks: list[str], tmp_path: Path
) -> None:
    another = EmbeddedRunner(workbench, Permits(tmp_path, "tasks", 2))
    another.maintain(workbench.store)
    assert set(workbench.begun) == set(tasks[:2])


def test_another_server_goes_on_with_what_waits(workbench: Workbench, tasks: list[str], tmp_path: Path) -> None:
    another = EmbeddedRunner(workbench, Permits(tmp_path, "tasks", 3))
    another.maintain(workbench.store)
    assert set(workbench.begun) == set(tasks[:3])


def test_a_task_that_was_cancelled_while_it_waited_is_left_out(workbench: Workbench, tasks: list[str]) -> None:
    workbench.store.cancel(tasks[2])
    workbench.end(tasks[0])
    wait_for(begun(workbench, tasks[0], tasks[1], tasks[3]), "the fourth task")


def test_a_task_whose_process_cannot_be_started_has_failed(store: TaskStore, tmp_path: Path) -> None:
    runner = EmbeddedRunner(Broken((), store, "", {}, 1000.0), Permits(tmp_path, "tasks", 1))
    first, _ = store.create(Job("sync", "Burgos"))
    second, _ = store.create(Job("sync", "Caceres"))
    runner.start(first.id)
    for task in (first, second):
        found = store.by_id(task.id)
        assert found is not None
        assert (found.status, found.reason) == (TaskStatus.FAILED, "no memory")


def test_slots_that_cannot_be_had_are_an_error(store: TaskStore, workbench: Workbench, tmp_path: Path) -> None:
    runner = EmbeddedRunner(workbench, Permits(tmp_path / "nowhere", "tasks", 1))
    task, _ = store.create(Job("sync", "Burgos"))
    with pytest.raises(ExecutorFailed, match="cannot be counted"):
        runner.start(task.id)
