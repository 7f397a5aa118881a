"""The clocks of the daemon, and whether somebody has set one (snapshots 4.2)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Protocol

from ..ceph.cluster_lock import passed_seconds
from ..schedule.snapshot_slots import has_jumped_forward

TOLERANCE = timedelta(seconds=30)
"""By how much the two clocks may differ between two readings: time servers correct the one that tells the time."""


class DaemonClock(Protocol):
    """Tells the time, and how much of it passes."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    def passed(self) -> float:
        """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""


class SystemClock:
    """The clocks of the machine."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(timezone.utc)

    def passed(self) -> float:
        """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
        return passed_seconds()


class ClockChange(Enum):
    """What has become of the clock since an earlier reading."""

    NONE = "none"
    SET = "set"
    """It was set, by less than a slot may be late, or back."""

    FORWARD = "forward"
    """It was set forward by more than a slot may be late."""


class ClockReading:
    """Compares the clock with one that nobody sets, from reading to reading.

    :param grace: how late a copy may be begun at most
    """

    def __init__(self, clock: DaemonClock, grace: timedelta) -> None:
        self._clock = clock
        self._grace = grace
        self.now = clock.now()
        self.passed = clock.passed()

    def read(self) -> ClockChange:
        """Read both clocks, and find whether the one that tells the time was set."""
        now, passed = self._clock.now(), self._clock.passed()
        elapsed = timedelta(seconds=passed - self.passed)
        before, self.now, self.passed = self.now, now, passed
        if has_jumped_forward(before, now, elapsed, self._grace):
            return ClockChange.FORWARD
        return ClockChange.SET if abs(now - before - elapsed) > TOLERANCE else ClockChange.NONE
