"""A limit on bytes per second that all processes of a run share."""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import threading
import time
import weakref
from typing import Protocol

_TIME_FORMAT = struct.Struct("d")

PORTIONS_PER_SECOND = 10
"""Portions in a second. With fewer, larger ones the pauses would be long, and a server might close the connection."""

SMALLEST_PORTION_BYTES = 4096
"""Bytes of the smallest portion: smaller ones cost too much time."""


class Clock(Protocol):
    """A clock, such as the module ``time``."""

    def monotonic(self) -> float:
        """Seconds since any moment, the same in all processes."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Throttle:
    """Spreads bytes over time, for threads and for processes that are forked after it was made.

    They share one value: the time when the next byte may be sent. It is in an unnamed file. When a process dies, the
    kernel releases its lock on the file, so a killed process does not block the others.

    :param rate: bytes per second, more than 0
    """

    def __init__(self, rate: int, clock: Clock = time) -> None:
        self._rate = rate
        self._clock = clock
        self._guard = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="glancesync-")  # noqa: SIM115 - as long as this object lives
        os.pwrite(self._file.fileno(), _TIME_FORMAT.pack(0.0), 0)
        weakref.finalize(self, self._file.close)
        _throttles.add(self)

    @property
    def portion(self) -> int:
        """The most bytes that should be taken at once, so that they are sent without long pauses."""
        return max(SMALLEST_PORTION_BYTES, self._rate // PORTIONS_PER_SECOND)

    def take(self, count: int) -> None:
        """Wait until a number of bytes may be sent.

        :param count: bytes
        """
        descriptor = self._file.fileno()
        with self._guard:
            # A POSIX file lock belongs to the process, so threads need their own lock.
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            try:
                now = self._clock.monotonic()
                begin = max(now, _TIME_FORMAT.unpack(os.pread(descriptor, _TIME_FORMAT.size, 0))[0])
                os.pwrite(descriptor, _TIME_FORMAT.pack(begin + count / self._rate), 0)
            finally:
                fcntl.lockf(descriptor, fcntl.LOCK_UN)
        self._clock.sleep(begin - now)

    def forked(self) -> None:
        """In a child process: make a new guard; the thread that held it does not exist there."""
        self._guard = threading.Lock()


_throttles: weakref.WeakSet[Throttle] = weakref.WeakSet()
"""All throttles of this process that are in use. A function registered for forks can never be removed."""


def _forked() -> None:
    for throttle in _throttles:
        throttle.forked()


os.register_at_fork(after_in_child=_forked)
