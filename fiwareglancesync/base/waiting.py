"""Waiting so that a signal, or another sign that nobody wants to wait any more, is never overlooked."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

SIGNAL_CHECK_SECONDS = 0.5
"""Seconds after which a thread that waits looks whether a signal has come.

A signal that comes just before a wait begins does not end it: Python handles signals between two steps of its own.
"""


def awaited(future: Future[T]) -> T:
    """The result of a future; the wait for it can be interrupted at any time.

    :param future: what is waited for; what it raised is raised
    """
    while not wait((future,), SIGNAL_CHECK_SECONDS).done:
        continue
    return future.result()


def pause(seconds: float, alive: Callable[[], None]) -> None:
    """Sleep, and tell now and then that this is what happens.

    :param alive: called every ``SIGNAL_CHECK_SECONDS`` seconds at least; what it raises ends the pause
    """
    end = time.monotonic() + seconds
    alive()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SIGNAL_CHECK_SECONDS))
        alive()
