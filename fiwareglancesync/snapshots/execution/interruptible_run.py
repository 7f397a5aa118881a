"""A run that a signal ends at once, although the cluster does not answer (snapshots 1.3).

Python calls no handler of a signal while its main thread waits for an answer of the bindings.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread

from ...base.errors import Cancelled
from ...base.waiting import SIGNAL_CHECK_SECONDS, settle
from ..ceph.ceph_errors import RequestsHang

END_SECONDS = 1.0
"""From a signal until the run is left alone: requests that are answered end within it, and give the lock back."""

ENDED = "what was done is recorded, and the lock of the cluster is free"
LEFT = (
    "what was requested of Ceph, and not answered, is settled by the next run; "
    "the lock of the cluster is free after a minute"
)


class InterruptibleRun:
    """Works in a thread, for which the main thread waits.

    A request is recorded before it is sent, so the next run finds what came of one that was left alone.
    """

    def __init__(self) -> None:
        self.has_ended = True

    def call(self, work: Callable[[], None], stop: Callable[[], None], hangs: Callable[[], bool]) -> None:
        """Do some work; whatever it raises is raised.

        :param stop: has the work begin nothing more
        :param hangs: whether what the work waits for will not come any more
        :raises Cancelled: a signal asked for the end
        :raises RequestsHang: the work was left alone
        """
        future: Future[None] = Future()
        self.has_ended = False
        try:
            Thread(target=settle, args=(future, work), daemon=True).start()
            while not wait([future], SIGNAL_CHECK_SECONDS).done:
                if hangs():
                    raise RequestsHang
            future.result()
        except Cancelled as stopped:
            stop()
            wait([future], END_SECONDS)
            stopped.left = ENDED if future.done() else LEFT
            raise
        finally:
            self.has_ended = future.done()
