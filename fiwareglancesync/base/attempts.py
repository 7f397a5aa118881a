"""Attempts at moving the content of an image: a few, with growing pauses.

Content cannot be sent twice: each attempt begins with a new reading, and in a region with a new image. Requests without
content are repeated where they are sent, with nothing to begin anew (:mod:`fiwareglancesync.openstack.retry`).
"""

from __future__ import annotations

from collections.abc import Callable

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from .errors import CloudError, SourceBroke, Unauthorized

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 1.0
"""Seconds before the second attempt, at least, unless a caller has another value."""

MAX_WAIT_SECONDS = 60.0
"""Seconds of the longest wait before an attempt, whatever the service asks for."""


def attempts(
    is_worth_another: Callable[[BaseException], bool],
    pause: Callable[[float], None],
    first_wait: float = FIRST_WAIT_SECONDS,
) -> Retrying:
    """Attempts at what moves content; call the result with it. The error of the last attempt is raised.

    A ``Retry-After`` of the service counts.

    :param is_worth_another: whether another attempt may succeed after an error
    :param pause: waits for a number of seconds, or less
    :param first_wait: seconds before the second attempt, at least; there are more before the third
    """
    own = wait_exponential(multiplier=first_wait, max=10 * first_wait) + wait_random(0, first_wait)
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=lambda state: max(own(state), min(_asked_seconds(state), MAX_WAIT_SECONDS)),
        sleep=pause,
        retry=retry_if_exception(is_worth_another),
        reraise=True,
    )


def is_worth_new_attempt(error: BaseException) -> bool:
    """Whether the content of an image may be moved after this error, with a new image and a new reading.

    A token that is refused is replaced by a new one before the next request.
    """
    return isinstance(error, SourceBroke | Unauthorized) or (isinstance(error, CloudError) and error.retryable)


def _asked_seconds(state: RetryCallState) -> float:
    """Seconds that the service asked to wait; 0 when it did not."""
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, CloudError) else 0.0
