"""What the daemon does while it holds the lock of the cluster: copies of several slots, settling, removals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ..execution.snapshot_run import SnapshotRun, by_server
from ..execution.snapshot_taking import ServerSlot
from ..planning.snapshot_jobs import Job, Jobs
from ..planning.snapshot_plan import DueJob, SnapshotPlan, plan_snapshots
from ..snapshot_model import JobKey

STILL_MADE = "the copy of an earlier slot was still being made"


@dataclass(frozen=True, slots=True)
class WorkThreads:
    """The threads of the daemon.

    :param servers: each makes the copies of one server
    :param calls: carry their requests out
    :param upkeep: settles, and removes what is excess
    """

    servers: Executor
    calls: Executor
    upkeep: Executor


class WorkPhase:
    """Work that goes on in threads; all methods are called by one thread.

    :param run: has the lock and the records
    :param jobs: all jobs, by what there is now
    :param wake: called by a thread that has done its work
    """

    def __init__(self, run: SnapshotRun, jobs: Jobs, threads: WorkThreads, wake: Callable[[], None]) -> None:
        self.jobs = jobs
        self.ledger = run.ledger
        self.waiting_excess: int | None = None
        self._run = run
        self._threads = threads
        self._wake = wake
        self._working: dict[Future[None], ServerSlot | None] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no work goes on."""
        return not self._working

    @property
    def running(self) -> Collection[JobKey]:
        """The jobs of which copies are being made."""
        return {job.key for slot in self._working.values() if slot is not None for job in slot.jobs}

    def plan(self, paused: Collection[JobKey], now: datetime, grace: timedelta, spread: timedelta) -> SnapshotPlan:
        """What is due; jobs that are new or have other times are recorded.

        :param paused: jobs that are not looked at for now
        """
        looked_at = [job for job in self.jobs.by_key.values() if job.key not in paused]
        return plan_snapshots(looked_at, self.ledger.states(), self.running, now, grace, spread)

    def settle(self) -> None:
        """Begin to find what came of earlier requests."""
        self._submit(self._threads.upkeep, self._run.settle)

    def begin(self, due: Iterable[DueJob], *, has_jumped: bool) -> None:
        """Begin to make copies.

        :param has_jumped: whether the clock was set forward since the servers were listed
        :raises CephError: the cluster does not report its health
        """
        slots = server_slots(due)
        if not slots:
            return
        self._run.read_health()
        taking = self._run.taking(self._threads.calls, has_jumped=has_jumped)
        for slot in slots:
            self._submit(self._threads.servers, partial(taking.take, slot), slot)

    def remove_excess(self, *, has_jumped: bool) -> None:
        """Begin to remove what no creation removes."""

        def remove() -> None:
            self.waiting_excess = self._run.remove_excess(prune=False, has_jumped=has_jumped)

        self._submit(self._threads.upkeep, remove)

    def skip(self, job: Job, slot: datetime, now: datetime) -> None:
        """Leave a slot out, because the copy of an earlier one is still being made."""
        self.ledger.skip(job.key, slot, STILL_MADE, now)

    def ended(self) -> tuple[list[ServerSlot], BaseException | None]:
        """Take what has ended: the copies that were to be made, and what ended them otherwise than it should."""
        found: list[ServerSlot] = []
        failure: BaseException | None = None
        for future in [each for each in self._working if each.done()]:
            slot = self._working.pop(future)
            if future.cancelled():
                continue
            failure = future.exception() or failure
            if slot is not None:
                found.append(slot)
        return found, failure

    def cancel(self) -> None:
        """Begin nothing of what waits for a thread."""
        for future in list(self._working):
            future.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait for what goes on.

        :returns: whether all has ended
        """
        return not wait(self._working, seconds).not_done

    def _submit(self, threads: Executor, work: Callable[[], None], slot: ServerSlot | None = None) -> None:
        future = threads.submit(work)
        self._working[future] = slot
        future.add_done_callback(lambda _: self._wake())


def server_slots(due: Iterable[DueJob]) -> Sequence[ServerSlot]:
    """The due jobs of each server, set and slot together; earlier slots come first."""
    by_instant: defaultdict[datetime, list[Job]] = defaultdict(list)
    for each in due:
        by_instant[each.due.slot.instant].append(each.job)
    return [slot for instant in sorted(by_instant) for slot in by_server(by_instant[instant], instant)]
