"""A bound on bytes per second that all processes of a run share."""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import threading
import time
import weakref

_NEXT = struct.Struct("d")

PORTIONS = 10
"""Portions in a second: a server gives up on a sender that pauses for long, so a low rate means small portions."""

SMALLEST = 4096
"""Bytes below which a portion costs more than it is worth."""


class Throttle:
    """Spreads bytes over time, for threads and for processes that are forked after it was made.

    What is shared is one moment: when the next byte may go. It lies in an unnamed file whose lock the kernel
    releases when its holder dies, so that a killed process holds up no other.

    :param rate: bytes per second, more than 0
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._guard = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="glancesync-")  # noqa: SIM115 - as long as this object lives
        os.pwrite(self._file.fileno(), _NEXT.pack(0.0), 0)
        _throttles.add(self)

    @property
    def portion(self) -> int:
        """Bytes that should be taken at once at most, so that what is sent flows."""
        return max(SMALLEST, self._rate // PORTIONS)

    def take(self, count: int) -> None:
        """Wait until some more bytes may go.

        :param count: how many
        """
        number = self._file.fileno()
        with self._guard:
            # Record locks belong to the process: threads keep each other out by the guard.
            fcntl.lockf(number, fcntl.LOCK_EX)
            try:
                now = time.monotonic()
                begin = max(now, _NEXT.unpack(os.pread(number, _NEXT.size, 0))[0])
                os.pwrite(number, _NEXT.pack(begin + count / self._rate), 0)
            finally:
                fcntl.lockf(number, fcntl.LOCK_UN)
        time.sleep(begin - now)

    def forked(self) -> None:
        """Begin in a child process, where the thread that held the guard is not."""
        self._guard = threading.Lock()


_throttles: weakref.WeakSet[Throttle] = weakref.WeakSet()
"""All of this process, as long as somebody uses them: what is registered for forks is never let go."""


def _forked() -> None:
    for throttle in _throttles:
        throttle.forked()


os.register_at_fork(after_in_child=_forked)
