"""How a run is stopped: a signal becomes an exception that unwinds, so everything is left tidy (sync 1.2)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from .errors import Cancelled

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Those that ask a program to stop."""

OUTPUTS = (1, 2)
"""Descriptors of standard output and standard error."""

TOGETHER = 1.0
"""Seconds within which two signals are taken for one wish."""


@contextmanager
def cancellable(*, child: bool = False) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into :class:`Cancelled`, once; a later one ends the process at once.

    Signals that come together count as one, and so does a lost terminal, of which shell and kernel tell in their own
    time; under ``nohup`` that is no reason to stop. A child of a run never ends without tidying: its parent decides.

    :param child: leaves SIGINT and SIGHUP, which a terminal sends to all, to its parent
    """
    wishes = (signal.SIGTERM,) if child else tuple(number for number in SIGNALS if not _is_lost_on_us(number))
    terminals = [descriptor for descriptor in OUTPUTS if os.isatty(descriptor)]
    first: list[float] = []

    def cancel(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _silence(terminals)
        now = time.monotonic()
        if not first:
            first.append(now)
            raise Cancelled(number)
        if not child and number != signal.SIGHUP and now - first[0] > TOGETHER:
            os._exit(128 + number)

    previous = {number: signal.signal(number, cancel if number in wishes else signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Let no signal spoil the end of this process: its work is done, and its exit code tells what came of it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _silence(terminals: Sequence[int]) -> None:
    """Let nothing fail because it is told to a terminal that is no more."""
    with open(os.devnull, "w") as nothing:
        for descriptor in terminals:
            os.dup2(nothing.fileno(), descriptor)


def _is_lost_on_us(number: signal.Signals) -> bool:
    """Whether whoever started us wants us to outlive the terminal."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
