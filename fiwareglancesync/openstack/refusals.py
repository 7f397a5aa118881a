"""Temporary refusals: how long they are waited for, and how the user is told (sync 3.11)."""

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
"""Seconds that we wait by ourselves for a service that does not say how long."""

MIN_ASKED_SECONDS = 1.0
"""Seconds of the shortest wait that a service can ask for; services count in whole ones."""

MIN_REPORTED_SECONDS = 1.0
"""Seconds of the shortest wait that is told."""

SAME_WAIT_SECONDS = 2.0
"""Seconds by which waits for one service may differ that several threads begin, and that are told once."""

log = logging.getLogger("glancesync")


@dataclass(frozen=True)
class Wait:
    """A service refuses for now, and is waited for.

    :param region: full name of the region that it serves, "" when it serves several
    :param seconds: how long
    :param text: one line for the user: who refuses, why, and how long it is waited for
    """

    region: str
    seconds: float
    text: str


class Refusals:
    """How long one request, or one upload, is tried again that a service refuses for now.

    :param limit: seconds; once they have been waited nothing is tried again, and no longer wait is begun
    :param first_wait: seconds before the second try, at most, where the service does not say how long to wait
    """

    def __init__(self, limit: float, first_wait: float = 1.0) -> None:
        self._limit = limit
        self._first_wait = first_wait
        self._count = 0
        self._waited = 0.0

    def next_wait(self, error: CloudError) -> float:
        """Seconds to wait before the next try.

        :param error: what the service answered; raised anew, with the reason, when it is not waited for
        """
        asked = error.retry_after
        if asked is not None and asked > self._limit:
            raise error.given_up(f"it asks to wait {duration(asked)}, retry_timeout allows {duration(self._limit)}")
        if self._waited >= self._limit:
            raise error.given_up(f"refused for {duration(self._waited)}, retry_timeout is {duration(self._limit)}")
        own = min(self._first_wait * 2.0**self._count, MAX_OWN_WAIT_SECONDS, self._limit)
        # A service that names no time, or next to none, must not be asked without a pause.
        spread = random.uniform(own / 2, own)  # noqa: S311 - spreads the tries, guards nothing
        seconds = asked if asked is not None and asked >= MIN_ASKED_SECONDS else spread
        self._count += 1
        self._waited += seconds
        return seconds


def wait_for(who: str, region: str, seconds: float, error: CloudError) -> Wait:
    """What is told of a wait.

    :param who: who refuses, "" when the error names it
    :param region: full name of the region, "" for none
    """
    why = f"{who}: {error.cause}" if who else error.cause
    asks = "as it asks" if (error.retry_after or 0.0) >= MIN_ASKED_SECONDS else "then it is tried again"
    return Wait(region, seconds, f"{why}; waiting {duration(seconds)}, {asks}")


class Waits:
    """Tells of waits: once, however many threads wait for the same service meanwhile."""

    def __init__(self) -> None:
        self._listener: Callable[[Wait], None] = _log
        self._lock = threading.Lock()
        self._reported: dict[str, float] = {}

    def listen(self, listener: Callable[[Wait], None]) -> None:
        """Have a function told from now on; it may be called from any thread."""
        self._listener = listener

    def forked(self) -> None:
        """In a child process: take a lock of its own."""
        self._lock = threading.Lock()

    def report(self, service: str, wait: Wait) -> None:
        """Tell of a wait, unless it is short, or another one for the same service that lasts as long was told.

        :param service: what tells services apart
        """
        now = time.monotonic()
        end = now + wait.seconds
        with self._lock:
            told = self._reported.get(service, now)
            if wait.seconds < MIN_REPORTED_SECONDS or (now < told and end < told + SAME_WAIT_SECONDS):
                return
            self._reported[service] = end
        self._listener(wait)


def _log(wait: Wait) -> None:
    log.warning("%s", wait.text)
