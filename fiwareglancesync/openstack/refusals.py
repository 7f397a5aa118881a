"""Services that refuse for now: how long the program waits, and how it reports that (sync 3.11)."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import CloudError
from ..base.units import duration

MAX_OWN_WAIT_SECONDS = 30.0
"""Seconds of the longest wait for a service that names no time to wait."""

MIN_ASKED_SECONDS = 1.0
"""Seconds of the shortest wait that a service can ask for; services count whole seconds."""

MIN_REPORTED_SECONDS = 1.0
"""Seconds of the shortest wait that is reported."""

SAME_WAIT_SECONDS = 2.0
"""Waits of several threads for one service that end within so many seconds are reported once."""

log = logging.getLogger("glancesync")


@dataclass(frozen=True)
class Wait:
    """The program waits, because a service refuses for now.

    :param region: full name of the region of the service, "" when it has several
    :param seconds: how long the program waits
    :param text: one line for the user: which service refuses, why, and how long the program waits
    """

    region: str
    seconds: float
    text: str


class Refusals:
    """The refusals of one request or one upload, and how long it is tried again.

    :param limit: seconds in all; after them nothing is tried again, and a longer wait is not begun
    :param first_wait: the most seconds before the second attempt, if the service names no time to wait
    """

    def __init__(self, limit: float, first_wait: float = 1.0) -> None:
        self._limit = limit
        self._first_wait = first_wait
        self._count = 0
        self._waited = 0.0

    def next_wait(self, error: CloudError) -> float:
        """Seconds to wait before the next attempt.

        :param error: the error of the refused attempt; raised again, with a reason, if the program does not wait
        """
        asked = error.retry_after
        if asked is not None and asked > self._limit:
            raise error.given_up(f"it asks to wait {duration(asked)}, retry_timeout allows {duration(self._limit)}")
        if self._waited >= self._limit:
            raise error.given_up(f"refused for {duration(self._waited)}, retry_timeout is {duration(self._limit)}")
        own = min(self._first_wait * 2.0**self._count, MAX_OWN_WAIT_SECONDS, self._limit)
        # There is a pause too when the service names no time, or nearly none.
        spread = random.uniform(own / 2, own)  # noqa: S311 - spreads the attempts; needs no secure randomness
        seconds = asked if asked is not None and asked >= MIN_ASKED_SECONDS else spread
        self._count += 1
        self._waited += seconds
        return seconds


def wait_for(who: str, region: str, seconds: float, error: CloudError) -> Wait:
    """Make the report of a wait.

    :param who: the service that refuses, "" when the error names it
    :param region: full name of the region, "" for none
    """
    why = f"{who}: {error.cause}" if who else error.cause
    asks = "as it asks" if (error.retry_after or 0.0) >= MIN_ASKED_SECONDS else "then it is tried again"
    return Wait(region, seconds, f"{why}; waiting {duration(seconds)}, {asks}")


class Waits:
    """Reports waits, once for all threads that wait for the same service at the same time.

    :param clock: the time in seconds since any moment
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._listener: Callable[[Wait], None] = _log
        self._lock = threading.Lock()
        self._reported: dict[str, float] = {}

    def listen(self, listener: Callable[[Wait], None]) -> None:
        """Report waits to a function from now on; it may be called from any thread."""
        self._listener = listener

    def forked(self) -> None:
        """In a child process: make a new lock."""
        self._lock = threading.Lock()

    def report(self, service: str, wait: Wait) -> None:
        """Report a wait, unless it is short, or one for the same service that ends as late has been reported.

        :param service: identifies the service
        """
        now = self._clock()
        end = now + wait.seconds
        with self._lock:
            reported = self._reported.get(service, now)
            if wait.seconds < MIN_REPORTED_SECONDS or (now < reported and end < reported + SAME_WAIT_SECONDS):
                return
            self._reported[service] = end
        self._listener(wait)


def _log(wait: Wait) -> None:
    log.warning("%s", wait.text)
