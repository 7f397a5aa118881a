"""The statuses of regions as they are now; computed once for each version of a federation that has versions."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from functools import cached_property
from weakref import WeakKeyDictionary

from ..images.places import Versioned
from ..images.region_job import RegionResult
from ..images.region_names import RegionRef
from ..images.status import StatusReader, summary_of
from ..images.summaries import SummaryStore
from .schemas import ImagesAnswer, image_answer, left_out_answer

CACHED_REGIONS = 64
"""Regions whose statuses are kept."""

SAVE_INTERVAL_SECONDS = 1.0
"""Seconds after which the summary of a region is saved again although it has not changed."""


class CachedStatus:
    """The status of a region's images.

    :param found: the result of the region's job
    :param version: of the federation before the region was listed, None when it has no versions
    """

    def __init__(self, found: RegionResult, version: Hashable = None) -> None:
        self.rows = found.rows
        self.left_out = found.left_out
        self.version = version
        self.save_at = 0.0

    @cached_property
    def whole(self) -> str:
        """The answer that holds all images."""
        return self.answer(None)

    def answer(self, name: str | None) -> str:
        """The answer of the API, JSON.

        :param name: of the images that it is to hold; None means all
        """
        wanted = [image_answer(row) for row in self.rows if name is None or row.image == name]
        left_out = [left_out_answer(row) for row in self.left_out if name is None or row.image == name]
        return ImagesAnswer(images=wanted, left_out=left_out).model_dump_json()


class Statuses:
    """Computes the statuses of regions and saves their summaries.

    :param summaries: where the last one of each region is kept
    """

    def __init__(self, summaries: SummaryStore) -> None:
        self._summaries = summaries
        self._guard = threading.Lock()
        self._statuses: WeakKeyDictionary[Versioned, dict[str, CachedStatus]] = WeakKeyDictionary()

    def of(self, reader: StatusReader, ref: RegionRef) -> CachedStatus:
        """The statuses of a region, never older than the question.

        :raises UnknownRegion: there is no such region
        :raises MasterFailed: Keystone or the master does not answer
        :raises GlanceSyncError: the region does not
        """
        federation = reader.federation
        if isinstance(federation, Versioned):
            status = self._unless_changed(reader, federation, ref)
        else:
            status = CachedStatus(reader.status(ref))
        now = time.monotonic()
        if status.save_at <= now:
            status.save_at = now + SAVE_INTERVAL_SECONDS
            self._summaries.save([summary_of(ref.full, status.rows)])
        return status

    def _unless_changed(self, reader: StatusReader, federation: Versioned, ref: RegionRef) -> CachedStatus:
        # One at a time: of several callers that find a changed region, the first one lists it for all.
        with self._guard:
            cached = self._statuses.setdefault(federation, {})
            version = federation.version()
            status = cached.get(ref.full)
            if status is None or status.version != version:
                status = CachedStatus(reader.status(ref), version)
                cached.pop(ref.full, None)
                cached[ref.full] = status
                if len(cached) > CACHED_REGIONS:
                    del cached[next(iter(cached))]
            return status
