"""The time by the clock of the database, which all conductors share: their own may be minutes apart (volumes 4)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class SharedClock:
    """Reads the clock of the database now and then, and goes on by the clock of this machine that is never set.

    :param read: the time by the database's clock
    :param monotonic: seconds since any moment
    """

    def __init__(self, read: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self.synchronise()

    def synchronise(self) -> None:
        """Read the clock of the database.

        :raises DatabaseUnavailable: it cannot be used
        """
        self._at = self._monotonic()
        self._moment = self._read()

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self._moment + timedelta(seconds=self._monotonic() - self._at)

    def seconds(self) -> float:
        """Seconds since any moment, for durations: the clock of the database may be set meanwhile."""
        return self._monotonic()

    def timestamp(self) -> float:
        """The present moment in seconds since the epoch."""
        return self.now().timestamp()
