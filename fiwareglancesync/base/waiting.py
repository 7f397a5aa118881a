"""Waits that end soon after a signal, or when another condition ends them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

SIGNAL_CHECK_SECONDS = 0.5
"""Seconds after which a waiting thread runs Python code, which handles signals.

A signal that comes just before a wait begins does not end the wait.
"""


def awaited(future: Future[T]) -> T:
    """The result of a future. The wait for it can be interrupted at any time.

    :param future: the future; its error is raised
    """
    while not wait((future,), SIGNAL_CHECK_SECONDS).done:
        continue
    return future.result()


def pause(seconds: float, alive: Callable[[], None]) -> None:
    """Wait for some seconds.

    :param alive: is called every ``SIGNAL_CHECK_SECONDS`` seconds or more often; what it raises ends the wait
    """
    end = time.monotonic() + seconds
    alive()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SIGNAL_CHECK_SECONDS))
        alive()
