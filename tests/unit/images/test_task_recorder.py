"""What the store learns of a task from its events."""

from __future__ import annotations

from pathlib import Path

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.messages import Message
from fiwareglancesync.events import Waiting
from fiwareglancesync.images.task_recorder import TaskRecorder
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.task_writer import TaskWriter
from fiwareglancesync.jobs.tasks import TaskMessage


def test_a_wait_is_a_message_of_the_task(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/tasks.db")
    metadata.create_all(engine)
    store = TaskStore(engine)
    task, _ = store.create(Job("sync", "Burgos"))
    recorder = TaskRecorder(TaskWriter(store, task.id))
    recorder(Waiting("Burgos", "a", 30.0, Message.warning("waiting 30s", "a")))
    assert store.messages(task.id) == [TaskMessage("WARNING", "waiting 30s", "a")]
