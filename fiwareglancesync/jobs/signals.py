"""How a run is stopped: a signal becomes an exception that unwinds, so everything is left tidy (contract 1.2)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import Cancelled

TOGETHER = 1.0
"""Seconds within which two signals are taken for one wish."""


@contextmanager
def cancellable(*, child: bool = False) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Cancelled`, once; a later one ends the process at once.

    Signals that come together count as one. A child of a run never ends without tidying: its parent decides.

    :param child: leaves SIGINT, which a terminal sends to all, to its parent
    """
    numbers = (signal.SIGTERM,) if child else (signal.SIGINT, signal.SIGTERM)
    first: list[float] = []

    def cancel(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not first:
            first.append(now)
            raise Cancelled(number)
        if not child and now - first[0] > TOGETHER:
            os._exit(128 + number)

    previous = {number: signal.signal(number, cancel) for number in numbers}
    if child:
        previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Let no signal spoil the end of this process: its work is done, and its exit code tells what came of it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
