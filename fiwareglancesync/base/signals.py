"""Signals: the first one becomes an exception, so that everything that is open is cleaned up (sync 1.2)."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from .errors import Cancelled

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask a program to stop."""

OUTPUTS = (1, 2)
"""Descriptors of standard output and standard error."""

SAME_REQUEST_SECONDS = 1.0
"""Seconds within which several signals count as one request to stop."""


AGAIN_SECONDS = 0.02
"""Seconds until a signal is repeated whose exception was ignored."""


@contextmanager
def cancellable(*, child: bool = False) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into :class:`Cancelled`, once; a later one ends the process at once.

    Signals that come shortly one after the other count as one. When a terminal is closed, its shell and the kernel
    both send SIGHUP, at different times: these count as one too; under ``nohup`` SIGHUP is ignored. A child process
    always cleans up: only its parent may kill it. Python ignores what is raised while it removes an object: if that was
    :class:`Cancelled`, it is raised again soon after.

    :param child: whether this is a child process, which leaves SIGINT and SIGHUP to its parent: a terminal sends them
        to both
    """
    handled = (signal.SIGTERM,) if child else tuple(number for number in SIGNALS if not _is_ignored(number))
    terminals = [descriptor for descriptor in OUTPUTS if os.isatty(descriptor)]
    first: list[float] = []

    def cancel(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _close_terminals(terminals)
        now = time.monotonic()
        if not first:
            first.append(now)
            raise Cancelled(number)
        if not child and number != signal.SIGHUP and now - first[0] > SAME_REQUEST_SECONDS:
            os._exit(128 + number)

    def raise_again(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, Cancelled):
            first.clear()
            threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), lost.exc_value.signal)).start()
        else:
            report(lost)

    previous = {number: signal.signal(number, cancel if number in handled else signal.SIG_IGN) for number in SIGNALS}
    report, sys.unraisablehook = sys.unraisablehook, raise_again
    try:
        yield
    finally:
        sys.unraisablehook = report
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def signals_delayed() -> Iterator[None]:
    """Delay the signals that ask the program to stop until the block has ended, for :func:`os.fork`.

    Before and after a fork Python calls functions whose exceptions it only prints: :class:`Cancelled` would be lost
    there, and the program would go on. In the child they are delayed until :func:`end_delay`.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # raises Cancelled if a signal has just come
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def forget_handlers() -> None:
    """Forget, in a child process, the handlers of its parent: outside of :func:`cancellable` a signal does nothing."""
    for number in SIGNALS:
        signal.signal(number, _do_nothing)  # SIG_IGN would discard the signals that are delayed


def end_delay() -> None:
    """End, in a child process, the delay of signals that was there when it was forked.

    :raises Cancelled: a signal has come meanwhile
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Handle a signal."""


def ignore_signals() -> None:
    """Ignore signals from now on: the work is done, and the exit code has to be the one of the work."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _close_terminals(terminals: Sequence[int]) -> None:
    """Send further output to nowhere, so that writing to a closed terminal does not fail."""
    with open(os.devnull, "w") as nothing:
        for descriptor in terminals:
            os.dup2(nothing.fileno(), descriptor)


def _is_ignored(number: signal.Signals) -> bool:
    """Whether this process was started to outlive its terminal, as by ``nohup``."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
