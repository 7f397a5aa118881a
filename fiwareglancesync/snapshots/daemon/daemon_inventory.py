"""Inventories of the daemon: in a thread, from time to time and when somebody asks for one (snapshots 3)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from ...base.errors import GlanceSyncError
from ..inventory.inventory_keeper import InventoryKeeper, InventoryOutcome

RETRY_SECONDS = 600.0
"""From an inventory that failed until the next one, at most."""


class BackgroundInventory:
    """Lists servers and volumes while the daemon goes on with other work; one thread calls its methods.

    :param keeper: makes what keeps inventories; None as long as the cluster is not known
    :param period: seconds between two inventories
    :param wake: called by the thread that has listed them
    """

    def __init__(
        self,
        keeper: Callable[[], InventoryKeeper | None],
        period: float,
        threads: Executor,
        wake: Callable[[], None],
    ) -> None:
        self.problem: str | None = None
        self._make_keeper = keeper
        self._keeper: InventoryKeeper | None = None
        self._period = period
        self._threads = threads
        self._wake = wake
        self._running: Future[InventoryOutcome] | None = None
        self._has_ended = False
        self._is_asked = False
        self._next = 0.0
        self._must_begin = True

    @property
    def is_first(self) -> bool:
        """Whether the first inventory has not ended yet."""
        return self.problem is None

    def look(self, passed: float, *, asked: bool) -> float:
        """Begin an inventory when it is time, and take note of one that has ended.

        :param passed: seconds of a clock that nobody sets
        :param asked: whether somebody asks for it now
        :returns: seconds until the next time
        """
        self._is_asked = self._is_asked or asked
        if self._running is not None and self._running.done():
            self._end(self._running, passed)
        if self._running is None and (self._must_begin or self._is_asked or passed >= self._next):
            self._keeper = self._keeper or self._make_keeper()
            if self._keeper is not None:
                self._must_begin = self._is_asked = False
                self._running = self._threads.submit(self._keeper.refresh)
                self._running.add_done_callback(lambda _: self._wake())
        if self._running is not None or self._keeper is None:
            return float("inf")
        return self._next - passed

    def ended(self) -> bool:
        """Whether a complete inventory has ended since this was called last."""
        found, self._has_ended = self._has_ended, False
        return found

    def _end(self, running: Future[InventoryOutcome], passed: float) -> None:
        self._running = None
        try:
            self.problem = running.result().problem
        except GlanceSyncError as error:
            self.problem = str(error)
        self._has_ended = self._has_ended or not self.problem
        self._next = passed + (min(RETRY_SECONDS, self._period) if self.problem else self._period)
