"""Waits that end soon after a signal, or when another condition ends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

SIGNAL_CHECK_SECONDS = 0.5
"""Seconds after which a waiting thread runs Python code, which handles signals.

A signal that comes just before a wait begins does not end the wait.
"""


class TooLate(Exception):
    """A call has not returned in time; it may still have its effect."""


def awaited(future: Future[T]) -> T:
    """The result of a future. The wait for it can be interrupted at any time.

    :param future: the future; its error is raised
    """
    while not wait((future,), SIGNAL_CHECK_SECONDS).done:
        continue
    return future.result()


def settle(future: Future[T], call: Callable[[], T]) -> None:
    """Make a call, and give a future what it returns, or raises."""
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 (raised again where somebody waits)
        future.set_exception(error)


def returned_within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns, or raises, that may never return. The wait for it can be interrupted at any time.

    :param call: is made in a thread of its own, which is left behind when it is late
    :raises TooLate: it has not returned within these seconds
    """
    returned: Future[T] = Future()
    # The end of the program does not wait for this thread.
    threading.Thread(target=settle, args=(returned, call), daemon=True).start()
    end = time.monotonic() + seconds
    while not wait((returned,), min(SIGNAL_CHECK_SECONDS, max(0.0, end - time.monotonic()))).done:
        if time.monotonic() >= end:
            raise TooLate
    return returned.result()


def pause(seconds: float, alive: Callable[[], None]) -> None:
    """Wait for some seconds.

    :param alive: is called every ``SIGNAL_CHECK_SECONDS`` seconds or more often; what it raises ends the wait
    """
    end = time.monotonic() + seconds
    alive()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SIGNAL_CHECK_SECONDS))
        alive()
