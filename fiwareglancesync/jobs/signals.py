"""How a run is stopped: a signal becomes an exception that unwinds, so everything is left tidy (contract 1.2)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import Cancelled


@contextmanager
def cancellable(*, child: bool = False) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into :class:`Cancelled`, the first of them once; a second ends the process at once.

    :param child: a child of a run leaves SIGINT, which a terminal sends to all, to its parent
    """
    numbers = (signal.SIGTERM,) if child else (signal.SIGINT, signal.SIGTERM)

    def cancel(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN if child else signal.SIG_DFL)
        raise Cancelled(number)

    previous = {number: signal.signal(number, cancel) for number in numbers}
    if child:
        previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
