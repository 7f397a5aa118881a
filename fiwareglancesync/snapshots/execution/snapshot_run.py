"""One run: makes copies of all jobs that are chosen, and removes what is excess (snapshots 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone

from ..ceph.ceph_port import Ceph
from ..ceph.cluster_lock import ClusterLock
from ..planning.creation_limits import room_warnings, why_nothing_is_removed
from ..planning.excess_plan import ExcessPlan, plan_excess
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import JobState, is_far_ahead, plan_snapshots
from ..planning.snapshot_records import SnapshotRecords
from ..planning.uncovered_copies import Seen, UncoveredCopies
from ..schedule.server_list import ListedServer
from ..snapshot_events import Listener, SnapshotWarning
from ..snapshot_model import JobKey
from .run_limits import RunLimits
from .snapshot_ledger import SnapshotLedger
from .snapshot_removal import SnapshotRemoval
from .snapshot_taking import ServerSlot, SnapshotTaking, TakingLimits

NONE_UNCOVERED = UncoveredCopies()


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(timezone.utc)


class SnapshotRun:
    """Works on one cluster while its lock is held.

    :param ledger: what is recorded
    :param records: the same, as it was read
    :param servers: all that there are
    :param jobs: of all servers
    :param now: the present moment, in UTC
    :param uncovered: the copies that no job covers
    :param judged: the moment of which that is known, None for the present one
    """

    def __init__(
        self,
        ceph: Ceph,
        lock: ClusterLock,
        ledger: SnapshotLedger,
        records: SnapshotRecords,
        servers: Iterable[ListedServer],
        jobs: Mapping[JobKey, Job],
        limits: RunLimits,
        listener: Listener,
        now: Callable[[], datetime] = utc_now,
        uncovered: UncoveredCopies = NONE_UNCOVERED,
        judged: datetime | None = None,
    ) -> None:
        self._ceph = ceph
        self._lock = lock
        self.ledger = ledger
        self._records = records
        self._servers = {server.id: server for server in servers}
        self._jobs = jobs
        self._limits = limits
        self._listener = listener
        self._now = now
        self._uncovered = uncovered
        self._judged = judged
        self._health = ceph.health()
        self._removal = SnapshotRemoval(ceph, lock, ledger, listener)

    def take(self, chosen: Collection[Job]) -> None:
        """Make a copy of each job now, whatever its times are.

        :param chosen: those with a count
        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        :raises DatabaseUnavailable: nothing can be recorded
        """
        self.keep_states()
        self._warn_of_room({job.key.image.pool for job in chosen})
        slot = self._now()
        self.settle()
        with self._taking() as (taking, threads):
            list(threads.map(taking.take, by_server(chosen, slot)))
        self.ledger.drop_empty_instances()

    def settle(self) -> None:
        """Find what came of earlier requests.

        :raises Blocklisted: only a new connection helps
        :raises DatabaseUnavailable: nothing can be recorded
        """
        unsettled = self.ledger.unsettled()
        if unsettled:
            with self._taking() as (taking, threads):
                list(threads.map(taking.settle, unsettled))

    def read_health(self) -> None:
        """Read again what the cluster reports of itself, and warn of what limits the jobs.

        :raises CephError: it reports nothing
        """
        self._health = self._ceph.health()
        self._warn_of_room({key.image.pool for key, job in self._jobs.items() if job.count})

    def taking(self, calls: Executor, *, has_jumped: bool) -> SnapshotTaking:
        """What makes copies.

        :param calls: carries requests out
        :param has_jumped: whether the clock was set forward since the servers were listed
        """
        limits = TakingLimits(self._limits.stop_ratio, self._health, has_jumped)
        return SnapshotTaking(
            self._ceph, self._lock, self.ledger, self._servers, limits, calls, self._now, self._listener,
            self._removal,
        )  # fmt: skip

    def keep_uncovered(self) -> None:
        """Record which copies no job covers, and since when.

        :raises DatabaseUnavailable: nothing can be recorded
        """
        before = {key: each.uncovered for key, each in self._records.jobs.items() if each.uncovered is not None}
        found = {key: Seen(each.kind, each.since) for key, each in self._uncovered.sets.items()}
        if found != before:
            volume_ids = {key: each.newest.volume_id for key, each in self._uncovered.sets.items()}
            self.ledger.changes.keep_uncovered(found, before, volume_ids)

    def excess(self, *, prune: bool, orphans: bool = False) -> ExcessPlan:
        """What no creation removes, although it is not kept.

        :param prune: whether somebody asked for it
        :param orphans: whether somebody asked for the removal of all orphans, and of nothing else
        """
        return plan_excess(
            self._jobs,
            self.ledger.copies(),
            self.ledger.instances(),
            self._uncovered,
            self._limits.removal,
            self._judged or self._now(),
            prune=prune,
            orphans=orphans,
        )

    def remove_excess(self, *, prune: bool, orphans: bool = False, has_jumped: bool = False) -> int:
        """Remove what is excess, by what the images list now.

        :param prune: whether somebody asked for it
        :param orphans: whether somebody asked for the removal of all orphans, and of nothing else
        :param has_jumped: whether the clock was set forward since the servers were listed
        :returns: how many copies wait until somebody asks for it
        :raises Blocklisted: only a new connection helps
        :raises LockTooOld: nothing may be begun
        :raises DatabaseUnavailable: nothing can be recorded
        """
        why = why_nothing_is_removed(self._health, has_jumped=has_jumped)
        plan = self.excess(prune=prune, orphans=orphans)
        if why and plan.removals:
            self._listener(SnapshotWarning(f"nothing is removed: {why}"))
            return plan.waiting
        unlisted: set[str] = set()
        compared: set[str] = set()
        while volumes := self._concerned(plan) - compared:  # a copy that is gone can make others excess
            with ThreadPoolExecutor(self._limits.max_parallel) as threads:
                found = zip(volumes, threads.map(self._removal.compare, volumes), strict=True)
                unlisted.update(volume for volume, is_listed in found if not is_listed)
            compared |= volumes
            plan = self.excess(prune=prune, orphans=orphans)
        going = [(each.copy, each.reason.value) for each in plan.removals if each.copy.volume_id not in unlisted]
        self._removal.remove(going, self._limits.removal.most)
        if not why:
            self._removal.finish(self.ledger.lingering())
        self.ledger.drop_empty_instances()
        return plan.waiting

    def _concerned(self, plan: ExcessPlan) -> set[str]:
        """The volumes whose copies decide what goes: those with excess, and the others of the same servers.

        Those whose image is gone too: their records are closed when the image itself says so.
        """
        volumes = {each.copy.volume_id for each in plan.removals}
        volumes |= {copy.volume_id for copy in self._uncovered.closed}
        shared = [each.volume_ids for each in self.ledger.instances() if not volumes.isdisjoint(each.volume_ids)]
        return {copy.volume_id for copy in self.ledger.copies(volumes.union(*shared))}

    @contextmanager
    def _taking(self) -> Iterator[tuple[SnapshotTaking, Executor]]:
        with (
            ThreadPoolExecutor(self._limits.max_parallel) as calls,
            ThreadPoolExecutor(self._limits.max_parallel) as threads,
        ):
            yield self.taking(calls, has_jumped=False), threads

    def keep_states(self) -> None:
        """Record jobs that are new, or have other times or another count."""
        now, grace, before = self._now(), self._limits.removal.deleted_keep, self.ledger.states()
        plan = plan_snapshots(self._jobs.values(), before, (), now, grace)
        ahead = [key for key in plan.states if key in before and is_far_ahead(before[key], now)]
        if ahead:
            text = f"the records of {len(ahead)} jobs are of a time that has not come yet, when the clock was wrong"
            self._listener(SnapshotWarning(f"{text}: they are dropped, and slots count from now on"))
        changed: dict[JobKey, JobState] = dict(plan.states)
        for key, stored in self._records.jobs.items():
            if key in self._jobs and stored.count != self._jobs[key].count:
                changed.setdefault(key, stored.state)
        if changed:
            self.ledger.keep_jobs(changed, self._jobs)

    def _warn_of_room(self, pools: Iterable[str]) -> None:
        for text in room_warnings(self._health, pools, self._limits.stop_ratio):
            self._listener(SnapshotWarning(text))


def by_server(jobs: Iterable[Job], slot: datetime) -> Sequence[ServerSlot]:
    """The jobs of each server and set together, in the order of the servers."""
    found: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in jobs:
        found[job.server_ids[0], job.key.set_name].append(job)
    return [ServerSlot(sorted(some, key=lambda job: job.volume_id), slot) for _, some in sorted(found.items())]
