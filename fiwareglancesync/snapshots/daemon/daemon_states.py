"""What is wrong with the daemon's work as a whole, recorded as jobs of the service itself (snapshots 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ..planning.service_state import State
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_records import Schedule, StoredJob
from ..schedule.server_list import ListedServer
from ..snapshot_events import CopyFailed, CopyMade, CopyUnknown, SnapshotEvent
from ..snapshot_model import JobKey
from ..state.snapshot_changes import NO_IMAGE, SnapshotChanges

MOST_NAMED = 10
"""Jobs that a text names."""


class DaemonStates:
    """Compares what is wrong now with what is recorded.

    :param recorded: all jobs, those of the service itself too
    :param changes: where changes are written
    """

    def __init__(self, recorded: Mapping[JobKey, StoredJob], changes: SnapshotChanges) -> None:
        self._changes = changes
        self._recorded: dict[State, str] = {}
        for state in State:
            stored = recorded.get(JobKey(NO_IMAGE, state.value))
            self._recorded[state] = "" if stored is None else stored.problem

    def compare(self, problems: Mapping[State, str], now: datetime) -> None:
        """Record the beginning, another text and the end of a problem.

        :param problems: of states that are judged now, "" for none
        :raises DatabaseUnavailable: nothing is recorded, and the next comparison does it
        """
        for state, problem in problems.items():
            if problem != self._recorded[state]:
                self._changes.service_ran(state.value, now, problem)
                self._recorded[state] = problem


class FailingJobs:
    """Which jobs fail, by what happens; threads may share it.

    :param recorded: all jobs
    """

    def __init__(self, recorded: Mapping[JobKey, StoredJob]) -> None:
        self._failing = {
            key: f"volume {stored.volume_id}, {key.set_name}: {stored.problem}"
            for key, stored in recorded.items()
            if stored.problem and stored.schedule is not Schedule.SERVICE
        }

    def __call__(self, event: SnapshotEvent) -> None:
        """Take an event."""
        if isinstance(event, CopyMade):
            self._failing.pop(event.copy.job, None)
        elif isinstance(event, CopyFailed):
            self._failing[event.job] = f"volume {event.volume_id}, {event.job.set_name}: {event.why}"
        elif isinstance(event, CopyUnknown):
            self._failing[event.intent.job] = f"volume {event.intent.volume_id}, {event.intent.set_name}: {event.why}"

    def problem(self, jobs: Mapping[JobKey, Job], servers: Iterable[ListedServer]) -> str:
        """What fails of the jobs that there are, "" for nothing.

        :param jobs: by key
        :param servers: all that there are
        """
        failing = {key: text for key, text in self._failing.copy().items() if key in jobs}
        if not failing:
            return ""
        names = {server.id: f"{server.project}/{server.name or server.id}" for server in servers}
        texts = sorted(
            ", ".join((*(names.get(id, id) for id in jobs[key].server_ids), text)) for key, text in failing.items()
        )
        more = f"; and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
        return f"{len(texts)} fail: {'; '.join(texts[:MOST_NAMED])}{more}"
