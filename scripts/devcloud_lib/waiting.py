"""Waits for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_SECONDS = 0.1


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds.

    :param seconds: how long at most.
    :returns: whether it holds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
