"""The listings of a run's regions, fetched ahead; before a region is written to, its listing has to be up to date."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from ..base.errors import GlanceSyncError, RegionLocked
from ..base.waiting import awaited
from ..locks.region_lock import region_lock
from .execution.sync_run import Run
from .model import Listing
from .places import Place, PlaceIdentity, is_same_place
from .region_names import RegionRef

Job = TypeVar("Job")
Fetched = TypeVar("Fetched")

PREFETCHED_REGIONS = 4
"""How many regions are listed ahead; bounded, for a listing may be large (design 4.6)."""

FRESH_SECONDS = 120.0
"""Seconds for which a listing, or the error instead of one, is used where a region is written to."""


@dataclass(frozen=True)
class PrefetchedListing:
    """What was fetched of a region ahead of its turn.

    :param listing: its images, None when they have not been listed
    :param error: why they cannot be listed
    :param at: value of ``time.monotonic()`` when the region answered
    """

    listing: Listing | None = None
    error: GlanceSyncError | OSError | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def is_fresh(self) -> bool:
        """Whether it is young enough to be used where the region is written to."""
        return time.monotonic() - self.at < FRESH_SECONDS

    def check(self) -> None:
        """Raise the error with which listing the region failed, while it is fresh.

        :raises GlanceSyncError: the region cannot be listed
        :raises OSError: the region cannot be listed
        """
        if self.error is not None and self.is_fresh:
            raise self.error


NOTHING_PREFETCHED = PrefetchedListing()


class RegionListings:
    """Lists the regions of one run, ahead of their turn or in it.

    :param run: the run
    :param writes: whether the run writes to the regions
    """

    def __init__(self, run: Run, *, writes: bool) -> None:
        self._run = run
        self._writes = writes
        self._written: set[PlaceIdentity] = set()

    def fetch_ahead(self, ref: RegionRef) -> PrefetchedListing:
        """List a region ahead of its turn; one that is written to, under its lock.

        :param ref: the region
        :return: ``NOTHING_PREFETCHED`` when the region has to be listed in its turn; unexpected errors recur there
        """
        try:
            place = self._run.place(ref)
            if self._run.is_master(place):
                return NOTHING_PREFETCHED
            if not self._writes:
                return PrefetchedListing(place.listing())
            with self._lock(place):
                return PrefetchedListing(place.listing())
        except RegionLocked:
            return NOTHING_PREFETCHED
        except (GlanceSyncError, OSError) as error:
            return PrefetchedListing(error=error)
        except Exception:  # noqa: BLE001 - an unexpected error occurs again in the region's turn, and fails this region alone
            return NOTHING_PREFETCHED

    def for_reading(self, place: Place, prefetched: PrefetchedListing) -> Listing:
        """The images of a region that this run only reads: as they were fetched ahead, else as they are listed now.

        :raises CloudError: they cannot be listed
        """
        return prefetched.listing or place.listing()

    @contextmanager
    def for_writing(self, place: Place, prefetched: PrefetchedListing, *, wait: bool = False) -> Iterator[Listing]:
        """Lock a region; yield its images as they are now.

        A prefetched listing is as good as a new one if nobody has locked the region since, and this run has not
        written to it since: two targets may share a region.

        :param place: the region
        :param prefetched: what was fetched ahead
        :param wait: wait for another run on the same region
        :raises RegionLocked: another run holds it
        :raises CloudError: its images cannot be listed
        """
        with self._lock(place, wait=wait) as last_holder:
            unchanged = last_holder == self._run.context.run and not self._has_written(place)
            self._written.add(place.identity)
            if prefetched.listing is not None and prefetched.is_fresh and unchanged:
                yield prefetched.listing
            else:
                yield place.listing()

    def holder(self, place: Place) -> str | None:
        """A sentence that names the run which holds a region; None when no run does."""
        try:
            with self._lock(place):
                return None
        except RegionLocked as held:
            return held.holder

    def _lock(self, place: Place, *, wait: bool = False) -> AbstractContextManager[str]:
        """Lock a region; yields the id of the run that held it last."""
        run = self._run
        return region_lock(place.identity.lock_keys, run.context.run, run.settings.database, wait=wait)

    def _has_written(self, place: Place) -> bool:
        """Whether this run has written to a region, under any name and for any project."""
        return any(is_same_place(place.identity, other) for other in self._written)


def prefetch(jobs: Sequence[Job], fetch: Callable[[Job], Fetched]) -> Iterator[tuple[Job, Fetched]]:
    """Fetch something for each job in threads, a few jobs ahead of the one that is yielded.

    :param jobs: in the order in which they are yielded
    :param fetch: must not raise; what it returns is yielded with the job
    """
    if len(jobs) < 2:
        yield from ((job, fetch(job)) for job in jobs)
        return
    waiting = deque(jobs)
    fetching: deque[tuple[Job, Future[Fetched]]] = deque()
    threads = ThreadPoolExecutor(PREFETCHED_REGIONS, thread_name_prefix="prefetch")
    try:
        while waiting or fetching:
            while waiting and len(fetching) < PREFETCHED_REGIONS:
                job = waiting.popleft()
                fetching.append((job, threads.submit(fetch, job)))
            job, fetched = fetching.popleft()
            yield job, awaited(fetched)
    finally:
        # An interrupted run does not wait for listings that nobody needs any more.
        threads.shutdown(wait=False, cancel_futures=True)
