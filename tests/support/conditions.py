"""Waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 180.0
"""Seconds. The machine may have much other work."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE, *, pause: float = 0.05) -> Any:
    """Wait until a condition holds.

    :param condition: asked again and again; what it returns, once it is true
    :param what: what is waited for
    :param seconds: how long at most
    :param pause: seconds between two questions
    :raises AssertionError: it does not hold in time
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(pause)
    return found
