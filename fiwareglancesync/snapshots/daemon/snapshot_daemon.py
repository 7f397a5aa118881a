"""The daemon: makes copies at the times of the schedule until it is asked to end (snapshots 4)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ...base.errors import ConfigError, GlanceSyncError, NotInstalled
from ..ceph.ceph_errors import RequestsHang
from ..ceph.cluster_lock import OtherProcess
from ..inventory.files_in_use import REFRESH_SECONDS, FilesInUse
from ..inventory.snapshot_files import LoadedSchedule
from ..planning.service_state import State
from ..snapshot_events import Listener, SnapshotWarning
from ..snapshot_options import SnapshotSettings
from .daemon_clock import ClockChange, ClockReading, DaemonClock
from .daemon_connection import ExcludedAgain, NotConnected
from .daemon_work import DaemonWork
from .wake_up import Request, Waker

LONGEST_WAIT_SECONDS = 60.0
"""Between two readings of the clock, which somebody may set meanwhile."""

RETRY_SECONDS = 60.0
"""From work that the cluster or the database does not allow until the next try."""

LOCK_RETRY_SECONDS = 10.0
"""The same when another process has the lock."""

LONGEST_LOCK_SECONDS = 900.0
"""How long another process may have the lock until somebody is to know: a run, or a daemon that was killed."""

SETTLE_SECONDS = 2.0
"""From the last change of a file until it is read: many editors empty a file before they write it."""

LONGEST_SETTLE_SECONDS = 30.0
"""The same from the first change, when one follows the other."""

END_SECONDS = 10.0
"""For what goes on when the daemon is asked to end."""


class Inventory(Protocol):
    """Lists the servers in the background, into the file that the daemon then reads."""

    def look(self, passed: float, *, asked: bool) -> float:
        """Begin to list the servers when it is time, and take note of what has ended.

        :param passed: seconds of a clock that nobody sets
        :param asked: whether somebody asks for it now
        :returns: seconds until the next time
        """

    def ended(self) -> bool:
        """Whether a complete listing has ended since this was called last."""

    @property
    def problem(self) -> str | None:
        """Why the last listing failed, "" when it did not, None before the first one."""

    @property
    def is_first(self) -> bool:
        """Whether the first listing has not ended yet."""


class NoInventory:
    """Nobody but an operator writes the list of servers."""

    problem: str | None = None
    is_first = False

    def __init__(self) -> None:
        self._asked = True

    def look(self, passed: float, *, asked: bool) -> float:
        """Take note that somebody asks for it."""
        self._asked = self._asked or asked
        return float("inf")

    def ended(self) -> bool:
        """Whether somebody has asked for it: the file is read again then."""
        asked, self._asked = self._asked, False
        return asked


log = logging.getLogger("glancesync")


@dataclass(frozen=True)
class DaemonParts:
    """What the daemon works with.

    :param report: takes what is wrong with the work as a whole, by its state
    :param announce: takes each schedule that is in force from now on
    :param mail: sends what waits, and returns at once
    """

    settings: SnapshotSettings
    files: FilesInUse
    inventory: Inventory
    work: DaemonWork
    clock: DaemonClock
    waker: Waker
    listener: Listener
    report: Callable[[Mapping[State, str]], None]
    announce: Callable[[LoadedSchedule], None] = lambda _: None
    mail: Callable[[], None] = lambda: None


class SnapshotDaemon:
    """Waits for the next time, and works then."""

    def __init__(self, parts: DaemonParts) -> None:
        self._parts = parts
        self._work = parts.work
        self._clock = ClockReading(parts.clock, parts.settings.lateness)
        self._compare_at = self._retry_at = self._clock.passed
        self._changed_at: float | None = None
        self._inventory_seconds = 0.0
        self._trouble = ""
        self._locked_since: float | None = None

    def run(self) -> bool:
        """Work until somebody asks for the end.

        :returns: whether all that went on has ended
        :raises ConfigError: the configuration of Ceph cannot be read at the start
        :raises ExcludedAgain: the cluster excludes one connection after the other
        :raises NotInstalled: the bindings of Ceph are missing at the start
        :raises OtherProcess: another daemon has the cluster
        :raises RequestsHang: what was requested of the cluster does not return
        """
        requests: set[Request] = set()
        while Request.STOP not in requests:
            try:
                self._pass(requests)
            except (ExcludedAgain, RequestsHang) as error:
                self._trouble, self._locked_since = str(error), None
                self._report()
                self._parts.mail()
                raise
            requests = self._parts.waker.wait(self._seconds_left())
        return self._work.end(END_SECONDS)

    def _pass(self, requests: set[Request]) -> None:
        """Do what is to be done now."""
        self._read_clock()
        self._look_at_inventory(asked=Request.INVENTORY in requests)
        if Request.FILES in requests:
            self._wait_for_files()
        if self._clock.passed >= self._compare_at:
            self._compare_files()
        if self._clock.passed >= self._retry_at:
            self._go_on()
        self._report()
        self._parts.mail()

    def _read_clock(self) -> None:
        before = self._clock.now
        change = self._clock.read()
        if change is ClockChange.NONE:
            return
        self._work.look_again()
        text = f"the clock was set from about {before:%Y-%m-%d %H:%M:%S} to {self._clock.now:%Y-%m-%d %H:%M:%S} UTC"
        if change is ClockChange.FORWARD:
            self._work.has_jumped = True
            text = f"{text}: nothing is removed until the servers have been listed again"
        self._parts.listener(SnapshotWarning(text))

    def _look_at_inventory(self, *, asked: bool) -> None:
        inventory = self._parts.inventory
        self._inventory_seconds = inventory.look(self._clock.passed, asked=asked)
        if inventory.ended():
            self._work.has_jumped = False
            self._work.use(self._parts.files.schedule)  # volumes may have other images
            self._compare_files()

    def _wait_for_files(self) -> None:
        """Compare the files when nobody writes them any more."""
        passed = self._clock.passed
        self._changed_at = passed if self._changed_at is None else self._changed_at
        self._compare_at = min(passed + SETTLE_SECONDS, self._changed_at + LONGEST_SETTLE_SECONDS)

    def _compare_files(self) -> None:
        self._changed_at = None
        self._compare_at = self._clock.passed + REFRESH_SECONDS
        files = self._parts.files
        if files.refresh() and files.schedule is not None:
            self._parts.announce(files.schedule)
            self._work.use(files.schedule)

    def _go_on(self) -> None:
        """Work, as far as cluster, database and files allow it."""
        seconds = RETRY_SECONDS
        try:
            self._work.go_on(self._clock.now, self._clock.passed)
        except NotConnected as error:
            seconds, trouble = LOCK_RETRY_SECONDS, str(error)
            self._locked_since = self._clock.passed if self._locked_since is None else self._locked_since
        except (ExcludedAgain, OtherProcess, RequestsHang):
            raise
        except GlanceSyncError as error:
            if not self._work.cluster and isinstance(error, ConfigError | NotInstalled):
                raise  # what was never right does not become so by itself
            trouble, self._locked_since = str(error), None
        else:
            if self._trouble:
                log.info("the work goes on")
            self._trouble, self._locked_since = "", None
            return
        self._retry_at = self._clock.passed + seconds
        if trouble != self._trouble:
            self._trouble = trouble
            self._parts.listener(SnapshotWarning(f"{trouble}; the next try is in {seconds:.0f} s"))

    def _report(self) -> None:
        locked = self._locked_since
        if locked is not None and not self._work.cluster:
            return  # another daemon reports
        problems = dict(self._work.problems())
        if self._parts.files.schedule is not None or not self._parts.inventory.is_first:
            problems[State.SCHEDULE] = self._parts.files.problem
        if locked is None or self._clock.passed - locked >= LONGEST_LOCK_SECONDS:
            problems[State.CLUSTER] = self._trouble
        if self._parts.inventory.problem is not None:
            problems[State.INVENTORY] = self._parts.inventory.problem
        try:
            self._parts.report(problems)
        except GlanceSyncError as error:  # the next pass does it
            self._trouble = self._trouble or str(error)

    def _seconds_left(self) -> float:
        """Until something is to be done."""
        passed = self._clock.passed
        left = [LONGEST_WAIT_SECONDS, self._compare_at - passed, self._inventory_seconds]
        if self._retry_at > passed:
            left.append(self._retry_at - passed)
        else:
            left.append(self._work.seconds_left(self._clock.now, passed))
        return max(min(left), 0.0)
