"""Which copies are to be made now (snapshots 4.2). Pure: the present moment is a parameter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from ..schedule.snapshot_slots import DueSlot, Slot, due_slot, neighbours
from ..snapshot_model import JobKey
from .snapshot_jobs import Job

MOST_AHEAD = timedelta(days=7)
"""By how much a record of a job may be later than the present moment, after a clock was set back."""


@dataclass(frozen=True, slots=True)
class JobState:
    """What is recorded of a job.

    :param calendar: its times, as text
    :param since: since when it has these: earlier slots do not count
    :param last: instant of the last slot that was begun, None for none
    """

    calendar: str
    since: datetime
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job of which a copy is to be made now."""

    job: Job
    due: DueSlot


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """What is to be done now.

    :param due: the volumes of one server one after the other
    :param skipped: jobs with the slots that are left out, because the copy of an earlier slot is still being made
    :param states: of jobs that are new or have other times; to be recorded before anything is made
    """

    due: Sequence[DueJob] = ()
    skipped: Sequence[tuple[Job, Slot]] = ()
    states: Mapping[JobKey, JobState] = field(default_factory=dict)


def plan_snapshots(
    jobs: Iterable[Job],
    states: Mapping[JobKey, JobState],
    running: Collection[JobKey],
    now: datetime,
    grace: timedelta,
    spread: timedelta = timedelta(),
) -> SnapshotPlan:
    """Find what is due.

    :param states: that are recorded
    :param running: jobs of which a copy is being made, or may have been made
    :param now: in UTC
    :param grace: how late a copy may be begun at most
    :param spread: within which the servers are distributed
    """
    around = cache(lambda calendar: neighbours(calendar, now))
    as_text = cache(str)
    due: list[DueJob] = []
    skipped: list[tuple[Job, Slot]] = []
    changed: dict[JobKey, JobState] = {}
    for job in jobs:
        state = states.get(job.key)
        text = as_text(job.calendar)
        valid = JobState(text, now) if state is None else _valid(state, text, now)
        if valid != state:
            changed[job.key] = valid
        slots = around(job.calendar)
        if slots is None or job.count == 0:
            continue
        found = due_slot(slots, valid.last, valid.since, now, grace, delay_of(job.server_ids[0], spread))
        if found is None:
            continue
        if job.key in running:
            skipped.append((job, found.slot))
        else:
            due.append(DueJob(job, found))
    due.sort(key=lambda each: (each.due.slot.instant, each.job.server_ids, each.job.volume_id))
    return SnapshotPlan(due, skipped, changed)


def delay_of(server_id: str, spread: timedelta) -> timedelta:
    """How much later than its slots the copies of a server are begun; always the same for a server.

    :param spread: more than this it never is
    """
    if not spread:
        return spread
    part = int.from_bytes(sha256(server_id.encode()).digest()[:4], "big") / 2**32
    return timedelta(seconds=int(spread.total_seconds() * part))


def _valid(state: JobState, calendar: str, now: datetime) -> JobState:
    """The state of a job that has these times now."""
    if is_far_ahead(state, now):
        return JobState(calendar, now)
    return state if state.calendar == calendar else replace(state, calendar=calendar, since=now)


def is_far_ahead(state: JobState, now: datetime) -> bool:
    """Whether the clock was wrong when this was recorded: it would take long until a slot is due again."""
    return max(state.since, state.last or state.since) - now > MOST_AHEAD
