"""Trying again: what may be repeated is repeated a few times, with growing pauses, and never for long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ...errors import CloudError
from .tuning import Tuning

T = TypeVar("T")


def persist(action: Callable[[int], T], tuning: Tuning, *, deadline: float | None = None) -> T:
    """Run an action until it succeeds, fails for good, or patience is spent.

    Exponential back-off with full jitter; what the service asks for in ``Retry-After`` is waited for when it
    fits into the bound. Only for actions that may be repeated: never one that sends a body of bytes.

    :param action: is given the number of the try, from 1
    :param deadline: value of ``time.monotonic()`` after which nothing is tried again
    :return: what the action returned
    :raises CloudError: the last error of the action
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception

    end = time.monotonic() + tuning.total_wait
    if deadline is not None:
        end = min(end, deadline)

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, CloudError) else None
        if asked is not None:
            return asked
        longest = tuning.first_wait * 2.0 ** (state.attempt_number - 1)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads the tries, guards nothing

    def spent(state: RetryCallState) -> bool:
        return state.attempt_number >= tuning.attempts or time.monotonic() + state.upcoming_sleep > end

    tries = Retrying(
        stop=spent,
        wait=pause,
        retry=retry_if_exception(lambda error: isinstance(error, CloudError) and error.transient),
        reraise=True,
    )
    count = 0

    def numbered() -> T:
        nonlocal count
        count += 1
        return action(count)

    return tries(numbered)
