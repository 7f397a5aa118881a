"""Beginning anew: what breaks in the middle of an image's bytes is tried a few times, with growing pauses."""

from __future__ import annotations

import threading

from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

ATTEMPTS = 3
FIRST_WAIT = 1.0
"""Seconds before the second attempt, at the least; more before the third."""


def attempts(kind: type[BaseException], hurry: threading.Event | None = None) -> Retrying:
    """Attempts at what moves bytes; call the result with it.

    :param kind: the error after which another attempt is worth while; the last one's is raised
    :param hurry: ends a pause when it is set
    """
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=FIRST_WAIT, max=10 * FIRST_WAIT) + wait_random(0, FIRST_WAIT),
        sleep=sleep_using_event(hurry or threading.Event()),
        retry=retry_if_exception_type(kind),
        reraise=True,
    )
