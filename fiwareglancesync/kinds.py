"""The kinds of jobs, and the function that does each; run as a program, it is the process of one task.

What a function needs is imported when it is called, so that a process loads only the subject of its task.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .jobs.job import Outcome
from .jobs.store import TaskStore
from .jobs.tasks import Task
from .jobs.worker import Kinds, main


def _sync(store: TaskStore, task: Task, environ: Mapping[str, str]) -> Outcome:
    from .images.sync_job import carry_out_sync

    return carry_out_sync(store, task, environ)


KINDS: Kinds = {"sync": _sync}
"""By the kind that a job states."""

WORKER_COMMAND = (sys.executable, "-m", "fiwareglancesync.kinds")
"""Starts the process of a task."""

if __name__ == "__main__":
    sys.exit(main(KINDS))
