"""The statuses of regions for those who only look: one region in full, or all of them counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NotInTime
from contextlib import closing
from dataclasses import dataclass

from ..base.errors import CloudError, GlanceSyncError, UnknownRegion
from ..events import Event
from .execution.sync_run import Run
from .places import Federation, Place
from .region_job import Mode, RegionJob, RegionResult, StatusRow
from .region_names import RegionRef, all_regions
from .settings import Settings
from .summaries import Summary

PARALLEL_REGIONS = 16
"""Regions that are asked at the same time."""

GRACE = 5.0
"""Seconds beyond ``list_images_timeout`` that all regions together may take: to sign in, and to compare."""


class MasterFailed(GlanceSyncError):
    """Keystone or the master region cannot be asked, so nothing can be said of any region."""


@dataclass(frozen=True)
class StatusReader:
    """Looks at regions, never writes.

    :param settings: the configuration
    :param federation: what it reaches
    """

    settings: Settings
    federation: Federation

    def check(self, ref: RegionRef) -> Place:
        """See that there is such a region.

        :return: the region; it is not asked itself
        :raises UnknownRegion: there is none
        :raises MasterFailed: its Keystone does not answer
        """
        run = Run(self.settings, self.federation)
        try:
            return run.place(ref)
        except CloudError as error:
            raise _as_master_failed(error) from error

    def regions(self) -> tuple[list[RegionRef], dict[str, str]]:
        """The regions of all targets, the master's first, and why a target cannot be asked, by its name.

        :raises MasterFailed: the master's Keystone does not answer
        """
        refs: list[RegionRef] = []
        lost: dict[str, str] = {}
        for target in self.settings.targets.values():
            try:
                refs += all_regions(target, self.federation)
            except CloudError as error:
                if target is self.settings.master:
                    raise MasterFailed(str(error)) from error
                lost[target.name] = str(error)
        return refs, lost

    def status(self, ref: RegionRef) -> RegionResult:
        """The status of each image to be synchronised, and what is left out (sync 3.1, 3.4).

        :raises UnknownRegion: there is no such region
        :raises MasterFailed: Keystone or the master does not answer
        :raises GlanceSyncError: the region does not
        """
        self.check(ref)
        run = Run(self.settings, self.federation)
        with closing(run):
            _prepare(run, [ref])
            result = RegionJob(run, Mode.STATUS)(ref, ignore_event)
        if result.cause is not None:
            raise result.cause
        return result

    def summaries(self, refs: Sequence[RegionRef]) -> list[Summary]:
        """Ask regions for their statuses, all at once, within the time that a listing may take.

        :raises MasterFailed: Keystone or the master does not answer
        """
        run = Run(self.settings, self.federation)
        limit = max((t.list_images_timeout for t in self.settings.targets.values()), default=30) + GRACE
        with closing(run):
            _prepare(run, refs)
            job = RegionJob(run, Mode.STATUS)
            threads = ThreadPoolExecutor(PARALLEL_REGIONS, thread_name_prefix="overview")
            try:
                asked = {threads.submit(job, ref, ignore_event): ref for ref in refs}
                found: dict[RegionRef, Summary] = {}
                try:
                    for future in as_completed(asked, limit):
                        result: RegionResult = future.result()
                        found[asked[future]] = _summary(result)
                except NotInTime:
                    late = f"no answer within {limit:.0f} seconds"
                    found |= {ref: Summary(ref.full, time.time(), {}, late) for ref in refs if ref not in found}
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
        return [found[ref] for ref in refs]


def summary_of(region: str, rows: Sequence[StatusRow]) -> Summary:
    """Count the statuses of a region, as seen now."""
    return Summary(region, time.time(), Counter(row.status.value for row in rows))


def _summary(result: RegionResult) -> Summary:
    if result.outcome.error is not None:
        return Summary(result.ref.full, time.time(), {}, result.outcome.error)
    return summary_of(result.ref.full, result.rows)


def _prepare(run: Run, refs: Sequence[RegionRef]) -> None:
    try:
        run.prepare(refs, Mode.STATUS.purpose)
    except CloudError as error:
        raise MasterFailed(str(error)) from error


def _as_master_failed(error: CloudError) -> GlanceSyncError:
    return error if isinstance(error, UnknownRegion) else MasterFailed(str(error))


def ignore_event(event: Event) -> None:
    """Nobody listens to the events of a look."""
