"""When the next copy is to be begun, so that nothing is looked at before (snapshots 4.2). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import delay_of
from .snapshot_slots import neighbours


def next_begin(jobs: Iterable[Job], now: datetime, spread: timedelta) -> datetime | None:
    """The first moment after the present one at which a copy of a job is to be begun, None when there is none.

    :param now: in UTC
    :param spread: within which the servers are distributed
    """
    around = cache(lambda calendar: neighbours(calendar, now))
    delay = cache(lambda server_id: delay_of(server_id, spread))
    first: datetime | None = None
    for job in jobs:
        slots = around(job.calendar) if job.count else None
        if slots is None:
            continue
        offset = delay(job.server_ids[0])
        for slot in (slots.latest, slots.following):
            begin = slot.instant + offset
            if begin > now and (first is None or begin < first):
                first = begin
    return first
