"""What a task does is written into the store, and the task goes on when the database refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.messages import Message
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.task_writer import TaskWriter
from fiwareglancesync.jobs.tasks import Item, TaskMessage, TaskProgress


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    """An empty database."""
    made = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(made)
    return made


@pytest.fixture
def store(sqlite: Engine) -> TaskStore:
    """An empty store."""
    return TaskStore(sqlite)


@pytest.fixture
def task_id(store: TaskStore) -> str:
    """A task that waits."""
    return store.create(Job("test", "Burgos"))[0].id


def test_each_action_on_an_item_has_a_row_that_says_how_it_stands(store: TaskStore, task_id: str) -> None:
    writer = TaskWriter(store, task_id)
    for item in (
        Item("a", "upload", "running", done=1),
        Item("b", "upload", "running"),
        Item("a", "upload", "done", done=2),
        Item("a", "settle", "failed", error="why"),
    ):
        writer.write_item(item)
    assert store.items(task_id) == [
        Item("a", "upload", "done", done=2),
        Item("b", "upload", "running"),
        Item("a", "settle", "failed", error="why"),
    ]


def test_messages_and_progress_are_written(store: TaskStore, task_id: str) -> None:
    writer = TaskWriter(store, task_id)
    writer.write_message(Message.warning("careful"))
    writer.write_message(Message.error("failed", "a"))
    writer.write_progress(TaskProgress(total=2, done=1))
    assert store.messages(task_id) == [TaskMessage("WARNING", "careful"), TaskMessage("ERROR", "failed", "a")]
    found = store.by_id(task_id)
    assert found is not None
    assert found.progress == TaskProgress(total=2, done=1)


def test_a_database_that_refuses_for_a_moment_does_not_end_the_task(
    sqlite: Engine, store: TaskStore, task_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = TaskWriter(store, task_id)
    with sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE items RENAME TO away")
    writer.write_item(Item("a", "upload", "running"))
    assert caplog.messages == [f"Task {task_id}: the database refuses a record: no such table: items"]
    with sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO items")
    writer.write_item(Item("a", "upload", "done"))
    assert store.items(task_id) == [Item("a", "upload", "done")]
