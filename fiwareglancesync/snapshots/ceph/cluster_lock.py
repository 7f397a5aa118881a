"""The lock by which one process at a time makes and removes snapshots in a cluster (snapshots 4.8)."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ...base.errors import GlanceSyncError, RegionLocked
from ...locks.region_lock import lock as file_lock
from .ceph_errors import CephError, LockHeld
from .ceph_port import Ceph

LOCK_SECONDS = 60
"""When the lock in the cluster ends if it is not renewed."""

RENEW_SECONDS = 10

USABLE_SECONDS = 30
"""How long after a renewal something may be begun: when exactly the lock ends is not certain."""

WORK, DAEMON = "snapmanager", "snapmanager-daemon"
"""Names of locks: of whoever makes and removes snapshots, and of the one daemon, which has it from start to end."""

CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that no change of the time moves, and that goes on while the machine sleeps, where there is one."""


def passed_seconds() -> float:
    """Seconds of the clock by which the age of the lock is measured."""
    return time.clock_gettime(CLOCK)


class LockTooOld(GlanceSyncError):
    """The lock could not be renewed for so long that another process may have it soon."""


class Stopped(LockTooOld):
    """The run is to end."""


class OtherProcess(GlanceSyncError):
    """Another process on this machine has the lock of the cluster."""


class ClusterLock:
    """A lock that is held, and renewed in a thread of its own.

    :param clock: seconds that no change of the time moves
    :param kind: how its name begins
    """

    def __init__(
        self, ceph: Ceph, pool: str, clock: Callable[[], float] = passed_seconds, kind: str = WORK
    ) -> None:
        self._ceph = ceph
        self._pool = pool
        self._clock = clock
        self._name = f"{kind}.{ceph.fsid}"
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._renewed: float | None = None
        self._is_lost = False
        self._is_stopped = False

    def stop(self) -> None:
        """Have nothing more begun; another thread may call it."""
        self._is_stopped = True

    def renew(self) -> None:
        """Take the lock, or renew it. One that ended is not taken again: what was read while it was held may be old.

        :raises LockHeld: another process has it
        :raises LockTooOld: it may have ended since it was renewed
        :raises CephError: the cluster does not answer as it should
        """
        began = self._clock()
        self._is_lost |= self._renewed is not None and began - self._renewed > LOCK_SECONDS
        if self._is_lost:
            raise self._lost()
        try:
            self._ceph.lock(self._pool, self._name, self._holder, LOCK_SECONDS)
        except LockHeld:
            self._is_lost = True
            raise
        self._renewed = began

    @property
    def age(self) -> float:
        """Seconds since the last renewal."""
        return self._clock() - (self._renewed or 0.0)

    def guard(self) -> None:
        """Check that something may be begun.

        :raises LockTooOld: the last renewal is too long ago
        :raises Stopped: nothing more is to be begun
        """
        if self._is_stopped:
            raise Stopped("the run was interrupted before this was requested")
        if self._is_lost or self._renewed is None:
            raise self._lost()
        if self.age > USABLE_SECONDS:
            raise LockTooOld(f"the lock {self._name} was not renewed for {self.age:.0f} s; nothing is made or removed")

    def _lost(self) -> LockTooOld:
        text = "nothing more is made or removed in this run"
        return LockTooOld(f"the lock {self._name} ended, and another process may have worked on the cluster; {text}")

    def release(self) -> None:
        """Give the lock back; one that cannot be given back ends by itself."""
        with suppress(CephError):
            self._ceph.unlock(self._pool, self._name)


@contextmanager
def hold(
    ceph: Ceph, pool: str, clock: Callable[[], float] = passed_seconds, kind: str = WORK
) -> Iterator[ClusterLock]:
    """Hold a lock of a cluster, on this machine and in the cluster.

    :param pool: where the lock in the cluster is
    :param kind: how its name begins
    :raises LockHeld: another process has the one in the cluster
    :raises OtherProcess: another process of this machine has it
    :raises CephError: the cluster does not answer as it should
    """
    try:
        with file_lock((f"{kind} {ceph.fsid}",), uuid.uuid4().hex):
            made = ClusterLock(ceph, pool, clock, kind)
            made.renew()
            ended = threading.Event()
            thread = threading.Thread(target=_keep, args=(made, ended), daemon=True)
            thread.start()
            try:
                yield made
            finally:
                ended.set()
                thread.join()
                made.release()
    except RegionLocked as error:
        process = error.holder.removeprefix("another run holds the region: ")
        does = "makes or removes snapshots in" if kind == WORK else "is the daemon of"
        raise OtherProcess(f"another process {does} this cluster: {process}") from error


def _keep(lock: ClusterLock, ended: threading.Event) -> None:
    """Renew a lock until it is given back; when that fails, ``guard`` refuses what is begun too late."""
    while not ended.wait(RENEW_SECONDS):
        with suppress(CephError, LockTooOld):
            lock.renew()
