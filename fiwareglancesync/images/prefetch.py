"""Looks at the next regions while one is being worked on, so that their listings cost no time of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..base.waiting import awaited

Job = TypeVar("Job")
Fetched = TypeVar("Fetched")

PREFETCHED_REGIONS = 4
"""How many regions are looked at ahead; bounded, for a listing may be large (design 4.6)."""


def prefetch(jobs: Sequence[Job], look: Callable[[Job], Fetched]) -> Iterator[tuple[Job, Fetched]]:
    """Look at jobs in threads, a few ahead of the one that is handed out.

    :param jobs: in the order in which they are handed out
    :param look: must not raise; what it finds is handed out with the job
    """
    if len(jobs) < 2:
        yield from ((job, look(job)) for job in jobs)
        return
    waiting = deque(jobs)
    seen: deque[tuple[Job, Future[Fetched]]] = deque()
    threads = ThreadPoolExecutor(PREFETCHED_REGIONS, thread_name_prefix="look")
    try:
        while waiting or seen:
            while waiting and len(seen) < PREFETCHED_REGIONS:
                job = waiting.popleft()
                seen.append((job, threads.submit(look, job)))
            job, sight = seen.popleft()
            yield job, awaited(sight)
    finally:
        # An interrupted run does not wait for what nobody will look at.
        threads.shutdown(wait=False, cancel_futures=True)
