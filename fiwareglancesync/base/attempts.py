"""Beginning anew: what breaks in the middle of an image's bytes is tried a few times, with growing pauses."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from .errors import CloudError

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 1.0
"""Seconds before the second attempt, at the least; more before the third."""

MAX_WAIT_SECONDS = 60.0
"""Seconds that a service can have us wait before an attempt, whatever it asks for."""


def attempts(kind: type[BaseException], pause: Callable[[float], None]) -> Retrying:
    """Attempts at what moves bytes; call the result with it.

    :param kind: the error after which another attempt is worth while; the last one's is raised. Its cause may be what
        a service answered: then that one's ``Retry-After`` counts
    :param pause: waits for so many seconds, or less when nobody wants the next attempt any more
    """
    own = wait_exponential(multiplier=FIRST_WAIT_SECONDS, max=10 * FIRST_WAIT_SECONDS) + wait_random(
        0, FIRST_WAIT_SECONDS
    )
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=lambda state: max(own(state), min(_asked(state), MAX_WAIT_SECONDS)),
        sleep=pause,
        retry=retry_if_exception_type(kind),
        reraise=True,
    )


def _asked(state: RetryCallState) -> float:
    """Seconds that the service asked to wait for; 0 when it did not."""
    error = state.outcome.exception() if state.outcome else None
    cause = error.__cause__ if error else None
    return (cause.retry_after or 0.0) if isinstance(cause, CloudError) else 0.0
