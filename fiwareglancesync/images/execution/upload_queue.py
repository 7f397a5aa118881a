"""The moves into one region: how many at once, and when a refused one is tried again (sync 3.11)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from ...base.errors import CloudError, Throttled, TooManyUploads
from ...base.waiting import SIGNAL_CHECK_SECONDS, pause
from ...openstack.refusals import Refusals
from ..settings import Target

T = TypeVar("T")


class UploadListener(Protocol):
    """Takes what happens to one move that the region refuses for now."""

    def check(self) -> None:
        """Raise if the move has to end.

        :raises Cancelled: the run was interrupted
        """
        ...

    def waits(self, seconds: float, cause: CloudError) -> None:
        """Take how long the program waits before it tries again, and why the region refuses."""
        ...

    def fewer(self, at_once: int, cause: CloudError) -> None:
        """Take how many moves at once are made from now on, and why."""
        ...


class _WaitForAnother(Exception):
    """The region refused a move while others were running. It is tried again when one of them has ended."""


class UploadQueue:
    """Starts the moves into one region, and tries those again that the region refuses for now.

    :param at_once: the most moves at the same time
    :param limit: seconds for which a move is tried again while no other one is running
    """

    def __init__(self, at_once: int = Target.uploads_per_region, limit: float = Target.retry_timeout) -> None:
        self._at_once = at_once
        self._limit = limit
        self._running = 0
        self._changed = threading.Condition()
        self._given_up: TooManyUploads | None = None

    def run(self, move: Callable[[], T], may_go_on: Callable[[], bool], listener: UploadListener) -> T:
        """Carry one move out, when its turn comes.

        :param move: moves the content, from its beginning
        :param may_go_on: whether the image can still be filled after a refusal
        :param listener: takes what happens, and ends the waiting
        :return: what the move returned
        :raises CloudError: the region refused for another reason, or for too long
        """
        refusals = Refusals(self._limit)
        while True:
            with self._turn(listener.check), suppress(_WaitForAnother):
                return self._repeat(move, may_go_on, listener, refusals)

    def _repeat(
        self, move: Callable[[], T], may_go_on: Callable[[], bool], listener: UploadListener, refusals: Refusals
    ) -> T:
        """Carry a move out, again and again, until it succeeds.

        :raises _WaitForAnother: another move has to end first
        """
        while True:
            try:
                return move()
            except Throttled as error:
                if not error.retryable:
                    raise
                cause: CloudError = error
            except TooManyUploads as error:
                if self._reduce(error, listener):
                    raise _WaitForAnother from error
                cause = error
            try:
                seconds = refusals.next_wait(cause)
            except TooManyUploads as given_up:
                self._given_up = given_up
                raise
            listener.waits(seconds, cause)
            pause(seconds, listener.check)
            if not may_go_on():
                # Another image may be filled; the wait that the region asked for is over.
                cause.retryable, cause.retry_after = True, None
                raise cause

    @contextmanager
    def _turn(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait until a move may begin, and count it while it is running.

        :raises TooManyUploads: the region refused another move for too long
        """
        with self._changed:
            while self._running >= self._at_once:
                self._changed.wait(SIGNAL_CHECK_SECONDS)
                check()
            if self._given_up is not None:
                raise self._given_up
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _reduce(self, error: TooManyUploads, listener: UploadListener) -> bool:
        """Allow one move less than are running now, this one included.

        :return: whether another one is running, whose end can be awaited
        """
        with self._changed:
            others = self._running - 1
            allowed = max(1, others)
            is_less, self._at_once = allowed < self._at_once, min(allowed, self._at_once)
        if is_less:
            listener.fewer(allowed, error)
        return others > 0
