"""The connection of the daemon to its cluster, with the lock that one daemon has (snapshots 4.8)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from ...base.errors import GlanceSyncError
from ..ceph.ceph_errors import Blocklisted, LockHeld
from ..ceph.ceph_port import Ceph
from ..ceph.cluster_lock import DAEMON, LOCK_SECONDS, RENEW_SECONDS, ClusterLock, LockTooOld, OtherProcess, hold

MOST_CONNECTIONS = 3
"""New connections in a row that the cluster may exclude, until the daemon ends."""

WAIT_FOR_LOCK_SECONDS = LOCK_SECONDS + RENEW_SECONDS
"""How long the lock of a daemon that was killed may be there after its end."""


class NotConnected(Exception):
    """The lock of the daemon cannot be had yet: another try is to be made soon."""


class ExcludedAgain(GlanceSyncError):
    """The cluster excludes one connection after the other."""


class DaemonConnection:
    """A connection that is made anew when the cluster has excluded it, or when its lock has ended.

    :param connect: makes a connection; raises ``CephError``
    :param pool: where the lock is
    :param clock: seconds that no change of the time moves
    """

    def __init__(self, connect: Callable[[], Ceph], pool: str, clock: Callable[[], float]) -> None:
        self._connect = connect
        self._pool = pool
        self._clock = clock
        self._stack = ExitStack()
        self._ceph: Ceph | None = None
        self._lock: ClusterLock | None = None
        self._refused_since: float | None = None
        self._excluded = 0

    def opened(self) -> Ceph:
        """The connection; it is made if there is none.

        :raises NotConnected: the daemon that had the lock may have been killed: it may end soon
        :raises OtherProcess: another daemon has it
        :raises CephError: the cluster cannot be reached
        """
        if self._ceph is not None:
            if self._holds_lock():
                return self._ceph
            self.close()
        with ExitStack() as stack:
            ceph = self._connect()
            stack.callback(ceph.close)
            try:
                self._lock = stack.enter_context(hold(ceph, self._pool, self._clock, DAEMON))
            except LockHeld as error:
                now = self._clock()
                since = self._refused_since = now if self._refused_since is None else self._refused_since
                if now - since < WAIT_FOR_LOCK_SECONDS:
                    raise NotConnected(str(error)) from error
                raise OtherProcess(f"another daemon works on this cluster: {error}") from error
            self._stack = stack.pop_all()
        self._refused_since = None
        self._ceph = ceph
        return ceph

    def works(self) -> None:
        """Take note that the cluster does what this connection asks for."""
        self._excluded = 0

    def replace(self, error: Blocklisted) -> None:
        """End a connection that the cluster has excluded; the next use makes another one.

        :raises ExcludedAgain: it has excluded several in a row
        """
        self.close()
        self._excluded += 1
        if self._excluded > MOST_CONNECTIONS:
            text = f"{error}; {MOST_CONNECTIONS} new connections were excluded too: see ceph osd blocklist ls"
            raise ExcludedAgain(text) from error

    def close(self) -> None:
        """End the connection, and give its lock back."""
        self._ceph = self._lock = None
        self._stack.close()

    def _holds_lock(self) -> bool:
        try:
            if self._lock is not None:
                self._lock.guard()
        except LockTooOld:
            return False
        return True
