"""The moves into one region: how many at once, and what is done about one that it refuses for now (sync 3.11)."""

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


class Listener(Protocol):
    """Takes what is to be told of one move that the region refuses."""

    def check(self) -> None:
        """Let the move end, if it should; see :class:`~.change.Report`."""
        ...

    def waits(self, seconds: float, cause: CloudError) -> None:
        """Take that the move is tried again after a while, and why it cannot be made now."""
        ...

    def fewer(self, at_once: int, cause: CloudError) -> None:
        """Take how many moves at once the region allows, as it seems by now."""
        ...


class _UploadRefused(Exception):
    """A move was refused while others are under way; it is made once one of them has ended."""


class Uploads:
    """Lets moves into a region begin, and begins those again that it refuses for now.

    :param at_once: how many are made at the same time, at most
    :param limit: seconds for which one is tried again that is refused, while no other one is under way
    """

    def __init__(self, at_once: int = Target.uploads_per_region, limit: float = Target.retry_timeout) -> None:
        self._at_once = at_once
        self._limit = limit
        self._under_way = 0
        self._changed = threading.Condition()
        self._given_up: TooManyUploads | None = None

    def make(self, move: Callable[[], T], may_go_on: Callable[[], bool], listener: Listener) -> T:
        """Make one move.

        :param move: moves the bytes, from their beginning
        :param may_go_on: whether the image can still be filled, after a refusal
        :param listener: takes what is told, and ends the waiting
        :return: what the move returned
        :raises CloudError: the region refused for another reason, or for too long
        """
        refusals = Refusals(self._limit)
        while True:
            with self._turn(listener.check), suppress(_UploadRefused):
                return self._insist(move, may_go_on, listener, refusals)

    def _insist(
        self, move: Callable[[], T], may_go_on: Callable[[], bool], listener: Listener, refusals: Refusals
    ) -> T:
        """Make a move, whose turn it is, until it succeeds.

        :raises _UploadRefused: it has to wait for another one's end
        """
        while True:
            try:
                return move()
            except Throttled as error:
                if not error.retryable:
                    raise
                cause: CloudError = error
            except TooManyUploads as error:
                if self._make_room(error, listener):
                    raise _UploadRefused from error
                cause = error
            try:
                seconds = refusals.next_wait(cause)
            except TooManyUploads as given_up:
                self._given_up = given_up
                raise
            listener.waits(seconds, cause)
            pause(seconds, listener.check)
            if not may_go_on():
                # Another image may; what was asked for has been waited.
                cause.retryable, cause.retry_after = True, None
                raise cause

    @contextmanager
    def _turn(self, alive: Callable[[], None]) -> Iterator[None]:
        """Wait until a move may be made, and keep its place while it is.

        :raises TooManyUploads: another one was refused until nobody had patience any more
        """
        with self._changed:
            while self._under_way >= self._at_once:
                self._changed.wait(SIGNAL_CHECK_SECONDS)
                alive()
            if self._given_up is not None:
                raise self._given_up
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _make_room(self, error: TooManyUploads, listener: Listener) -> bool:
        """Allow one move less than are under way, this one included; whether there is another one to wait for."""
        with self._changed:
            others = self._under_way - 1
            allowed = max(1, others)
            is_less, self._at_once = allowed < self._at_once, min(allowed, self._at_once)
        if is_less:
            listener.fewer(allowed, error)
        return others > 0
