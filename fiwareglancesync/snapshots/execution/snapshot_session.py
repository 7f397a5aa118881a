"""What a run needs: jobs of the schedule, images of the volumes, records (snapshots 1.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from ...base.errors import ConfigError, UsageError
from ...base.text import nearest, show
from ..ceph.ceph_errors import ImageNotFound, UnreadableName
from ..ceph.ceph_model import ImageRef
from ..ceph.ceph_port import Ceph
from ..ceph.cluster_lock import USABLE_SECONDS, ClusterLock, hold, passed_seconds
from ..inventory.cluster_view import ClusterView, view_cluster
from ..inventory.snapshot_files import LoadedSchedule
from ..planning.copy_retention import MOST_AFTER_CREATION, listed_copies, newest_first
from ..planning.creation_limits import room_warnings, why_nothing_is_removed
from ..planning.excess_plan import Reason, plan_excess
from ..planning.snapshot_jobs import Job, Jobs, specs_of
from ..planning.snapshot_records import Schedule, SnapshotRecords
from ..schedule.schedule_preview import named_servers
from ..schedule.server_list import ListedServer
from ..snapshot_events import Listener, SnapshotWarning
from ..snapshot_model import Copy, JobKey
from ..snapshot_options import SnapshotSettings
from ..state.snapshot_changes import SnapshotChanges
from ..state.snapshot_rows import schedule_of
from ..state.snapshot_store import SnapshotStore
from .snapshot_ledger import SnapshotLedger
from .snapshot_run import SnapshotRun, utc_now


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    :param jobs: of which copies would be made
    :param removals: copies that would be removed, with the reason, if they may be removed then
    """

    jobs: Sequence[Job]
    removals: Sequence[tuple[Copy, str]]


class SnapshotSession:
    """Works on one cluster by one schedule.

    :param engine: the database, its tables in place
    :param schedule: with its servers
    :param now: the present moment, in UTC
    :raises ConfigError: there is no list of servers
    :raises CephError: the cluster cannot be read
    """

    def __init__(
        self,
        ceph: Ceph,
        engine: Engine,
        settings: SnapshotSettings,
        schedule: LoadedSchedule,
        listener: Listener,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if schedule.servers is None:
            form = "a line for each: UUID, project, name and volumes, separated by tabs"
            raise ConfigError(f"there is no list of servers, {settings.server_list}; write {form}")
        self._ceph = ceph
        self._engine = engine
        self._settings = settings
        self._schedule = schedule
        self._servers: Sequence[ListedServer] = schedule.servers
        self._listener = listener
        self._now = now
        self._store = SnapshotStore(engine, ceph.fsid)
        self._lock: ClusterLock | None = None
        self._is_stopped = False
        self._ended_at: float | None = None

    def stop(self) -> None:
        """Begin nothing more in the cluster, and end with ``Stopped``; another thread may call it."""
        self._is_stopped = True
        if self._lock is not None:
            self._lock.stop()

    def hangs(self) -> bool:
        """Whether requests do not return although they have had their time since the lock was seen to have ended."""
        if self._lock is None or self._lock.age <= USABLE_SECONDS:
            self._ended_at = None
            return False
        now = passed_seconds()
        self._ended_at = now if self._ended_at is None else self._ended_at
        return now - self._ended_at > self._settings.longest_request

    def warn(self, text: str) -> None:
        """Report what is odd."""
        self._listener(SnapshotWarning(text))

    def choose(self, jobs: Jobs, words: Sequence[str], set_name: str) -> list[Job]:
        """The jobs that a user means.

        :param words: servers, by UUID, ``project/name`` or name; none for all
        :param set_name: "" for all
        :raises UsageError: a server is not known, or has no such set, or nothing can be made of it
        """
        named = self._named(words)
        ids = {server.id for server in named}
        found = [job for job in jobs.by_key.values() if not ids or not ids.isdisjoint(job.server_ids)]
        sets = {job.key.set_name for job in found}
        if set_name and set_name not in sets:
            raise UsageError(f"no server has the set {show(set_name)}; there is {', '.join(sorted(sets)) or 'none'}")
        for server in named:
            self._check(server)
        if not any(job.count for job in jobs.by_key.values()) and not named:
            self._listener(SnapshotWarning(f"nothing is made: {self._why_no_job()}"))
        return [job for job in found if job.count and set_name in ("", job.key.set_name)]

    def preview(self, words: Sequence[str], set_name: str, *, prune: bool, orphans: bool = False) -> Preview:
        """What a run would do; nothing is changed."""
        records = self._store.read()
        view = self._read(records)
        only_removes = prune or orphans
        chosen = [] if only_removes else self.choose(view.jobs, words, set_name)
        is_whole = only_removes or not (words or set_name)
        present = self._present(records.copies if is_whole else _of_jobs(records, chosen))
        removals = [(copy, Reason.BEYOND_COUNT.value) for copy in _removed_after(chosen, present)]
        if is_whole:
            limits = self._settings.limits.removal
            plan = plan_excess(
                view.jobs.by_key, present, records.instances, view.uncovered, limits, view.judged, prune=prune,
                orphans=orphans,
            )  # fmt: skip
            known = {copy for copy, _ in removals}
            removals += [(each.copy, each.reason.value) for each in plan.removals if each.copy not in known]
        self._warn_of_health({job.key.image.pool for job in chosen}, removes=bool(removals))
        return Preview(chosen, removals)

    def run(self, words: Sequence[str], set_name: str, *, prune: bool, orphans: bool = False) -> None:
        """Make a copy of each job that is meant, and remove what is excess.

        :param words: servers; when some are named, nothing but what their new copies replace is removed
        :param prune: make nothing, and remove what waits until somebody asks for it
        :param orphans: make nothing, and remove the copies that no spec covers, however long that has been so
        """
        with self.opened() as (run, jobs):
            chosen = [] if prune or orphans else self.choose(jobs, words, set_name)
            if prune or orphans:
                run.settle()
            else:
                run.take(chosen)
            if prune or orphans or not (words or set_name):
                waiting = run.remove_excess(prune=prune, orphans=orphans)
                if waiting:
                    most = self._settings.max_deletions
                    text = f"{waiting} copies are excess, more than max_deletions ({most}), and none was removed"
                    self._listener(SnapshotWarning(f"{text}; to remove them: glancesync snapshots run --prune"))

    def force(self, schedules: Collection[Schedule]) -> None:
        """Make a copy of each job of some schedules now.

        :param schedules: of volumes
        """
        with self.opened() as (run, jobs):
            chosen = [job for job in jobs.by_key.values() if job.count and schedule_of(job.key) in schedules]
            if not chosen:
                self._listener(SnapshotWarning(f"nothing is made: {self._why_no_job()}"))
            run.take(chosen)

    @contextmanager
    def opened(self) -> Iterator[tuple[SnapshotRun, Jobs]]:
        """Hold the lock of the cluster, and read what is recorded and what there is.

        :raises LockHeld: another process has the lock
        :raises OtherProcess: another process of this machine has it
        :raises CephError: the cluster cannot be read
        :raises DatabaseUnavailable: the records cannot be read
        """
        with hold(self._ceph, self._settings.ceph_pool) as lock:
            self._lock = lock
            if self._is_stopped:
                lock.stop()
            records = self._store.read()
            view = self._read(records)
            changes = SnapshotChanges(self._engine, self._ceph.fsid)
            if view.images.new:
                changes.keep_images(view.images.new)
            ledger = SnapshotLedger(records, changes, self._listener)
            run = SnapshotRun(
                self._ceph, lock, ledger, records, view.servers, view.jobs.by_key, self._settings.limits,
                self._listener, self._now, uncovered=view.uncovered, judged=view.judged,
            )  # fmt: skip
            run.keep_uncovered()
            yield run, view.jobs

    def _read(self, records: SnapshotRecords) -> ClusterView:
        view = view_cluster(self._ceph, self._settings, self._schedule, records, self._now())
        self._servers = view.servers
        for text in view.warnings:
            self._listener(SnapshotWarning(text))
        return view

    def _warn_of_health(self, pools: Collection[str], *, removes: bool) -> None:
        """Report what the cluster does not allow now.

        :param pools: in which something would be made
        """
        health = self._ceph.health()
        for text in room_warnings(health, pools, self._settings.stop_ratio):
            self._listener(SnapshotWarning(text))
        why = why_nothing_is_removed(health, has_jumped=False)
        if removes and why:
            self._listener(SnapshotWarning(f"nothing is removed: {why}"))

    def _check(self, server: ListedServer) -> None:
        """Check that a server has what a copy can be made of."""
        specs = specs_of(self._schedule.by_server.get(server.id), self._settings.general_spec)
        why = ""
        if not specs:
            why = f"the schedule file, {self._schedule.path}, has no spec for it"
        elif not any(spec.count for spec in specs.values()):
            why = "its count is 0"
        elif not server.volume_ids:
            why = f"it has no volumes in the list of servers, {self._settings.server_list}"
        if why:
            raise UsageError(f"nothing is made of the server {show(server.name or server.id)}: {why}")

    def _why_no_job(self) -> str:
        if not self._servers:
            return f"the list of servers, {self._settings.server_list}, is empty"
        return "no server with volumes has a spec with a count"

    def _named(self, words: Sequence[str]) -> list[ListedServer]:
        servers, unknown = named_servers(self._servers, words)
        for word in unknown:
            near = nearest(word, _names(self._servers))
            hint = f"; did you mean {show(near)}?" if near else ""
            raise UsageError(f"the list of servers, {self._settings.server_list}, has no server {show(word)}{hint}")
        return servers

    def _present(self, copies: Iterable[Copy]) -> list[Copy]:
        """Those of some copies that their images list."""
        by_image: defaultdict[ImageRef, list[Copy]] = defaultdict(list)
        for copy in copies:
            by_image[copy.image].append(copy)
        found: list[Copy] = []
        for image, some in by_image.items():
            try:
                found += listed_copies(some, self._ceph.snapshots(image))
            except ImageNotFound:
                continue
            except UnreadableName as error:
                self._listener(SnapshotWarning(str(error)))
        return found


def _of_jobs(records: SnapshotRecords, jobs: Iterable[Job]) -> list[Copy]:
    keys = {job.key for job in jobs}
    return [copy for copy in records.copies if copy.job in keys]


def _removed_after(jobs: Iterable[Job], present: Iterable[Copy]) -> Iterator[Copy]:
    """The copies that one more copy of each job pushes out."""
    by_job: defaultdict[JobKey, list[Copy]] = defaultdict(list)
    for copy in present:
        by_job[copy.job].append(copy)
    for job in jobs:
        surplus = newest_first(by_job[job.key])[job.count - 1 :]
        yield from list(reversed(surplus))[:MOST_AFTER_CREATION]


def _names(servers: Sequence[ListedServer]) -> list[str]:
    return [name for server in servers for name in (server.name, server.id)]
