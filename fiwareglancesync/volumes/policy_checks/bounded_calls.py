"""Calls that others wait for only so long, and of which only so many are unfinished at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from threading import BoundedSemaphore
from typing import TypeVar

T = TypeVar("T")


class NoAnswer(Exception):
    """There was no answer in time, or too many calls have none yet."""


class TooManyCalls(NoAnswer):
    """The call was not made: as many as the limit have no answer yet, which says nothing about who would answer."""


class BoundedCalls:
    """Makes calls in threads of its own; no thread is started before the first call, so a process may fork until then.

    A call without an answer goes on in its thread until it has one. While as many as the limit do, further calls fail
    at once, so that whoever makes them has an answer soon.

    :param limit: calls that are unfinished at once
    :param seconds: how long the answer to a call is waited for
    :param name: of the threads
    """

    def __init__(self, limit: int, seconds: float, name: str) -> None:
        self._free = BoundedSemaphore(limit)
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(limit, thread_name_prefix=name)

    def call(self, action: Callable[[], T]) -> T:
        """Make a call.

        :param action: what is called; its exception is raised here
        :raises NoAnswer: there is no answer in time
        :raises TooManyCalls: the call was not made
        """
        if not self._free.acquire(blocking=False):
            raise TooManyCalls("too many calls have no answer")
        future: Future[T] = self._threads.submit(action)
        future.add_done_callback(lambda _: self._free.release())
        try:
            return future.result(self._seconds)
        except FutureTimeoutError as error:
            raise NoAnswer(f"no answer within {self._seconds:g} seconds") from error
