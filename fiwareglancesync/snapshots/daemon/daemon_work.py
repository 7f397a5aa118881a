"""What is due, and the phases of work in which the daemon has the lock of the cluster (snapshots 4).

Between phases nothing is sent to the cluster, and other processes may work on it. Each phase reads what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import datetime

from sqlalchemy import Engine

from ...base.errors import GlanceSyncError
from ..ceph.ceph_errors import Blocklisted, LockHeld, RequestsHang
from ..ceph.cluster_lock import LockTooOld, OtherProcess
from ..execution.snapshot_session import SnapshotSession
from ..execution.snapshot_taking import ServerSlot
from ..inventory.snapshot_files import LoadedSchedule
from ..planning.service_state import State
from ..planning.snapshot_jobs import Job
from ..planning.snapshot_plan import JobState, SnapshotPlan, plan_snapshots
from ..schedule.due_times import next_begin
from ..snapshot_events import Listener, SnapshotEvent, SnapshotWarning
from ..snapshot_model import JobKey
from ..snapshot_options import SnapshotSettings
from ..state.snapshot_store import SnapshotStore
from .daemon_connection import DaemonConnection, NotConnected
from .daemon_states import FailingJobs
from .work_phase import WorkPhase, WorkThreads

PAUSE_SECONDS = 300.0
"""From an attempt of which nothing was requested until the next one for the same slot, and between two settlings."""


class DaemonWork:
    """Makes what is due; all methods are called by one thread.

    :param now: the present moment, in UTC
    :param wake: called by threads that have done their work
    """

    def __init__(
        self,
        connection: DaemonConnection,
        engine: Engine,
        settings: SnapshotSettings,
        threads: WorkThreads,
        listener: Listener,
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self.has_jumped = False
        self.cluster = ""
        self._connection = connection
        self._engine = engine
        self._settings = settings
        self._threads = threads
        self._failing: FailingJobs | None = None
        self._listener = listener
        self._now = now
        self._wake = wake
        self._schedule: LoadedSchedule | None = None
        self._must_read = False
        self._phase: WorkPhase | None = None
        self._failure: BaseException | None = None
        self._failed_at: float | None = None
        self._session: SnapshotSession | None = None
        self._is_excess_judged = False
        self._stack = ExitStack()
        self._jobs: Mapping[JobKey, Job] = {}
        self._states: Mapping[JobKey, JobState] = {}
        self._paused: dict[JobKey, float] = {}
        self._settle_at: float | None = None
        self._due_at: datetime | None = None
        self._waiting_excess: int | None = None

    def use(self, schedule: LoadedSchedule | None) -> None:
        """Work by a schedule from now on, and read again what there is."""
        self._schedule = schedule
        self._must_read = schedule is not None

    def look_again(self) -> None:
        """Find again what is due, because the clock was set."""
        self._due_at = self._now()

    def go_on(self, now: datetime, passed: float) -> None:
        """Do what is due.

        :param now: in UTC
        :param passed: seconds of a clock that nobody sets
        :raises NotConnected: another process has a lock: another try is to be made soon
        :raises CephError: the cluster does not allow it
        :raises RequestsHang: what was requested does not return
        :raises DatabaseUnavailable: nothing can be recorded
        """
        paused = {key: until for key, until in self._paused.items() if until > passed}
        if len(paused) < len(self._paused):
            self._paused, self._due_at = paused, now
        try:
            if not self.cluster:
                self.cluster = self._connection.opened().fsid
                self._wake()  # for an inventory
            if self._phase is None and self._needs_phase(now, passed):
                self._open(now)
            if self._phase is not None:
                self._continue(self._phase, now, passed)
        except Blocklisted as error:
            self._abandon()
            self._connection.replace(error)
            raise NotConnected(str(error)) from error
        except LockTooOld as error:
            self._abandon()
            raise NotConnected(str(error)) from error
        except BaseException:
            self._abandon()
            raise

    def problems(self) -> Mapping[State, str]:
        """What is wrong with copies, as far as it is known."""
        if self._failing is None:
            return {}
        waits = f"{self._waiting_excess} copies are excess, more than max_deletions ({self._settings.max_deletions})"
        servers = (self._schedule.servers if self._schedule else None) or ()
        found = {State.SNAPSHOTS: self._failing.problem(self._jobs, servers)}
        if self._waiting_excess is not None:
            found[State.EXCESS] = waits if self._waiting_excess else ""
        return found

    def seconds_left(self, now: datetime, passed: float) -> float:
        """Until something is due; what goes on in threads wakes the daemon."""
        if self._must_read and self._phase is None:
            return 0.0
        left = [until - passed for until in self._paused.values()]
        if self._due_at is not None:
            left.append((self._due_at - now).total_seconds())
        if self._settle_at is not None and self._phase is None:
            left.append(self._settle_at - passed)
        return min(left, default=float("inf"))

    def end(self, seconds: float) -> bool:
        """Begin nothing more, wait for what goes on, and give the locks back.

        :param seconds: to wait at most
        :returns: whether all has ended; else the locks end by themselves
        """
        if self._phase is not None:
            self._phase.cancel()
            if not self._phase.wait(seconds):
                return False
        self._abandon()
        self._connection.close()
        return True

    def _needs_phase(self, now: datetime, passed: float) -> bool:
        """Whether anything is to be done in the cluster or recorded."""
        if self._must_read or (self._settle_at is not None and passed >= self._settle_at):
            return True
        if self._due_at is None or now < self._due_at:
            return False
        jobs = [job for key, job in self._jobs.items() if key not in self._paused]
        plan = plan_snapshots(jobs, self._states, (), now, self._settings.lateness, self._settings.spread_time)
        if plan.due or plan.states:
            return True
        self._due_at = self._next(now)
        return False

    def _open(self, now: datetime) -> None:
        if self._schedule is None:
            return
        ceph = self._connection.opened()
        if self._failing is None:
            self._failing = FailingJobs(SnapshotStore(self._engine, ceph.fsid).read().jobs)
        session = SnapshotSession(ceph, self._engine, self._settings, self._schedule, self._hear, self._now)
        try:
            run, jobs = self._stack.enter_context(session.opened())
        except (LockHeld, OtherProcess) as error:
            raise NotConnected(str(error)) from error
        self._phase, self._session = WorkPhase(run, jobs, self._threads, self._wake), session
        self._jobs, self._failure = jobs.by_key, None
        self._is_excess_judged = not self._must_read
        self._must_read = False
        self._due_at = now
        run.keep_states()
        if self._phase.ledger.unsettled():
            self._phase.settle()

    def _continue(self, phase: WorkPhase, now: datetime, passed: float) -> None:
        slots, failure = phase.ended()
        self._pause(phase, slots, passed)
        self._failure = self._failure or failure
        if self._failure is None and not self._must_read and self._due_at is not None and now >= self._due_at:
            try:
                self._begin(phase, phase.plan(self._paused, now, self._settings.lateness, self._settings.spread_time))
            except GlanceSyncError as error:  # raised when nothing goes on in threads any more
                self._failure = error
            self._due_at = self._next(now)
        if self._failure is not None:
            phase.cancel()
            self._failed_at = passed if self._failed_at is None else self._failed_at
        if not phase.is_idle:
            is_late = self._failed_at is not None and passed - self._failed_at > self._settings.longest_request
            if is_late or (self._session is not None and self._session.hangs()):
                raise RequestsHang
            return
        if self._failure is not None:
            raise self._failure
        if self._is_excess_judged:
            self._close(phase, passed)
        else:
            self._is_excess_judged = True
            phase.remove_excess(has_jumped=self.has_jumped)

    def _begin(self, phase: WorkPhase, plan: SnapshotPlan) -> None:
        for job, slot in plan.skipped:
            phase.skip(job, slot.instant, self._now())
            text = f"volume {job.volume_id}, {job.key.set_name}: the slot {slot.instant:%Y-%m-%d %H:%M} UTC is skipped"
            self._listener(SnapshotWarning(f"{text}: the copy of an earlier one is still being made"))
        if plan.due:
            self._is_excess_judged = False
            phase.begin(plan.due, has_jumped=self.has_jumped)

    def _pause(self, phase: WorkPhase, slots: Collection[ServerSlot], passed: float) -> None:
        """Pause the jobs of which nothing was requested: their slots are tried again."""
        states = phase.ledger.states() if slots else {}
        for slot in slots:
            for job in slot.jobs:
                last = states[job.key].last
                if last is None or last < slot.slot:
                    self._paused[job.key] = passed + PAUSE_SECONDS

    def _close(self, phase: WorkPhase, passed: float) -> None:
        """End a phase of which nothing is left to do."""
        self._waiting_excess = phase.waiting_excess if phase.waiting_excess is not None else self._waiting_excess
        self._settle_at = passed + PAUSE_SECONDS if phase.ledger.unsettled() else None
        self._leave(phase)
        self._connection.works()
        if self._must_read:
            self._wake()

    def _abandon(self) -> None:
        """End a phase that failed: the next one reads everything again."""
        if self._phase is not None:
            self._must_read = True
            self._leave(self._phase)

    def _leave(self, phase: WorkPhase) -> None:
        self._states = phase.ledger.states()
        self._phase = self._session = self._failure = self._failed_at = None
        self._stack.close()

    def _next(self, now: datetime) -> datetime | None:
        return next_begin(self._jobs.values(), now, self._settings.spread_time)

    def _hear(self, event: SnapshotEvent) -> None:
        if self._failing is not None:
            self._failing(event)
        self._listener(event)
