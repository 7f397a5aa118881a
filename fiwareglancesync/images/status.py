"""The statuses of regions without a run: of one region in full, or of all of them, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass

from ..base.errors import CloudError, GlanceSyncError, UnknownRegion
from .places import Federation, Place
from .region_job import Mode, RegionResult, StatusRow
from .region_names import RegionRef
from .session import Session
from .settings import Settings, Target
from .summaries import Summary

PARALLEL_REGIONS = 16
"""Regions that are asked at the same time."""

GRACE_SECONDS = 5.0
"""Seconds beyond ``list_images_timeout`` that all regions together may take: to sign in, and to compare."""


class MasterFailed(GlanceSyncError):
    """Keystone or the master region cannot be asked, so nothing can be said of any region."""


@dataclass(frozen=True)
class StatusReader:
    """Reads the statuses of regions; never writes.

    :param settings: the configuration
    :param federation: the regions that it reaches
    """

    settings: Settings
    federation: Federation

    def check(self, ref: RegionRef) -> Place:
        """Check that there is such a region.

        :return: the region; it is not asked itself
        :raises UnknownRegion: there is none
        :raises MasterFailed: its Keystone does not answer
        """
        with self._session() as session:
            try:
                return session.place(ref)
            except UnknownRegion:
                raise
            except CloudError as error:
                raise MasterFailed(str(error)) from error

    def regions(self) -> tuple[list[RegionRef], dict[str, str]]:
        """The regions of all targets, the master's first, and why a target cannot be asked, by its name.

        :raises MasterFailed: the master's Keystone does not answer
        """
        lost: dict[str, str] = {}

        def lose(target: Target, error: CloudError) -> None:
            if target is self.settings.master:
                raise MasterFailed(str(error)) from error
            lost[target.name] = str(error)

        with self._session() as session:
            return session.all_regions(lose), lost

    def status(self, ref: RegionRef) -> RegionResult:
        """The status of each image to be synchronised, and what is left out (sync 3.1, 3.4).

        :raises UnknownRegion: there is no such region
        :raises MasterFailed: Keystone or the master does not answer
        :raises GlanceSyncError: the region does not
        """
        self.check(ref)
        with self._session() as session:
            _prepare(session, [ref])
            result = session.do(ref)
        if result.cause is not None:
            raise result.cause
        return result

    def summaries(self, refs: Sequence[RegionRef]) -> list[Summary]:
        """Ask regions for their statuses, all at once, within the time that a listing may take.

        :raises MasterFailed: Keystone or the master does not answer
        """
        limit = max((t.list_images_timeout for t in self.settings.targets.values()), default=30) + GRACE_SECONDS
        with self._session() as session:
            _prepare(session, refs)
            threads = ThreadPoolExecutor(PARALLEL_REGIONS, thread_name_prefix="summaries")
            try:
                asked = {threads.submit(session.do, ref): ref for ref in refs}
                found: dict[RegionRef, Summary] = {}
                try:
                    for future in as_completed(asked, limit):
                        found[asked[future]] = _summary(future.result())
                except NotInTime:
                    late = f"no answer within {limit:.0f} seconds"
                    found |= {ref: Summary(ref.full, time.time(), {}, late) for ref in refs if ref not in found}
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
        return [found[ref] for ref in refs]

    def _session(self) -> Session:
        return Session(self.settings, self.federation, Mode.STATUS)


def summary_of(region: str, rows: Sequence[StatusRow]) -> Summary:
    """Count the statuses of a region, as seen now."""
    return Summary(region, time.time(), Counter(row.status.value for row in rows))


def _summary(result: RegionResult) -> Summary:
    if result.outcome.error is not None:
        return Summary(result.ref.full, time.time(), {}, result.outcome.error)
    return summary_of(result.ref.full, result.rows)


def _prepare(session: Session, refs: Sequence[RegionRef]) -> None:
    try:
        session.prepare(refs)
    except CloudError as error:
        raise MasterFailed(str(error)) from error
