"""Requests that may be repeated: a few times, with growing pauses, and for a limited time.

The content of an image is no such request: it is moved in attempts that begin anew
(:mod:`fiwareglancesync.base.attempts`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..base.errors import CloudError, Throttled
from .refusals import Refusals
from .tuning import Tuning

T = TypeVar("T")


class Deadline:
    """The time limit of something. Waits for a service that refuses for now extend it, up to a bound.

    :param seconds: seconds from now
    :param spare: the most seconds of waits that extend it
    """

    def __init__(self, seconds: float, spare: float = 0.0) -> None:
        self.moment = time.monotonic() + seconds
        """Value of ``time.monotonic()``."""
        self._spare = spare

    def extend(self, seconds: float) -> None:
        """Extend it by a wait."""
        granted = min(seconds, self._spare)
        self._spare -= granted
        self.moment += granted


def ignore_wait(seconds: float, error: Throttled) -> None:
    """Do not report a wait."""


def with_retries(
    action: Callable[[int], T],
    tuning: Tuning,
    *,
    deadline: Deadline | None = None,
    report: Callable[[float, Throttled], None] = ignore_wait,
) -> T:
    """Run an action until it succeeds, its error is not retryable, or there have been enough attempts.

    The pauses grow exponentially, with jitter. For a service that refuses for now the program waits as long as it
    asks, and longer in all than for one that fails (sync 3.11). Only for actions that may be repeated: never one that
    sends a body of bytes.

    :param action: gets the number of the attempt, from 1
    :param deadline: after it no failed attempt is repeated
    :param report: is called before each wait for a service that refuses for now
    :return: what the action returned
    :raises CloudError: the last error of the action
    """
    refusals = Refusals(tuning.wait_limit, tuning.first_wait)
    end = time.monotonic() + tuning.retry_limit
    count = failures = 0
    while True:
        count += 1
        try:
            return action(count)
        except Throttled as error:
            if not error.retryable:
                raise
            seconds = refusals.next_wait(error)
            report(seconds, error)
            end += seconds
            if deadline is not None:
                deadline.extend(seconds)
        except CloudError as error:
            failures += 1
            seconds = _pause(error, tuning.first_wait * 2.0 ** (failures - 1))
            last = end if deadline is None else min(end, deadline.moment)
            if not error.retryable or failures >= tuning.attempts or time.monotonic() + seconds > last:
                raise
        time.sleep(seconds)


def _pause(error: CloudError, longest: float) -> float:
    """Seconds before the next attempt."""
    if error.retry_after is not None:
        return error.retry_after
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads the attempts; needs no secure randomness
