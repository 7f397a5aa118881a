"""The table of the kinds of jobs, and the process of a task."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.images.sync_job import SYNC
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import TaskStatus
from fiwareglancesync.kinds import KINDS, WORKER_COMMAND


def test_each_subject_states_a_kind_that_is_in_the_table() -> None:
    assert set(KINDS) == {SYNC}


@pytest.mark.parametrize("kind", ["sync", "unheard-of"])
def test_the_process_of_a_task_carries_it_out(tmp_path: Path, kind: str) -> None:
    url = f"sqlite:///{tmp_path}/tasks.db"
    metadata.create_all(open_engine(url))
    store = TaskStore(open_engine(url))
    task, _ = store.create(Job(kind, "Burgos", '{"config": {}, "dry_run": false, "images": []}'))
    spec = json.dumps({"database": url, "task": task.id, "limit": 60.0})
    environ = {"GLANCESYNC_CONFIG": str(tmp_path / "none.conf"), "HOME": str(tmp_path)}
    done = subprocess.run(WORKER_COMMAND, input=spec, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    found = store.by_id(task.id)
    assert found is not None
    assert found.status is TaskStatus.FAILED
    expected = {"sync": "none.conf", "unheard-of": "knows no task of the kind unheard-of, only: sync"}
    assert expected[kind] in str(found.reason)
