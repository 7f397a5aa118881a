"""Signals and threads end a wait at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from fiwareglancesync.snapshots.daemon.wake_up import Request, SocketWaker


@pytest.fixture
def waker() -> Iterator[SocketWaker]:
    made = SocketWaker()
    yield made
    made.close()


def refuse(number: signal.Signals) -> None:
    raise AssertionError(f"it gives up after {number.name}")


def test_a_request_of_a_thread_ends_the_wait(waker: SocketWaker) -> None:
    thread = threading.Timer(0.05, waker.wake, (Request.FILES,))
    thread.start()
    begin = time.monotonic()
    assert waker.wait(180) == {Request.FILES}
    assert time.monotonic() - begin < 120
    thread.join()
    assert waker.wait(0) == set()


def test_requests_before_the_wait_are_all_taken(waker: SocketWaker) -> None:
    for _ in range(100_000):
        waker.wake(Request.WORK)
    waker.wake(Request.INVENTORY)
    assert waker.wait(180) == {Request.WORK, Request.INVENTORY}


@pytest.mark.parametrize(
    ("number", "request_"),
    [(signal.SIGHUP, Request.INVENTORY), (signal.SIGTERM, Request.STOP), (signal.SIGINT, Request.STOP)],
)
def test_a_signal_is_a_request(waker: SocketWaker, number: signal.Signals, request_: Request) -> None:
    before = signal.getsignal(number)
    with waker.signals(30, refuse):
        os.kill(os.getpid(), number)
        assert waker.wait(180) == {request_}
    assert signal.getsignal(number) is before


def test_a_signal_counts_while_the_main_thread_works_and_ends_that_after_some_time(waker: SocketWaker) -> None:
    given_up: list[signal.Signals] = []
    has_ended = threading.Event()

    def give_up(number: signal.Signals) -> None:
        given_up.append(number)
        has_ended.set()

    with waker.signals(0.05, give_up):
        os.kill(os.getpid(), signal.SIGTERM)
        assert has_ended.wait(180)  # nobody waits for requests meanwhile
    assert given_up == [signal.SIGTERM]


def test_who_ends_in_time_is_not_given_up(waker: SocketWaker) -> None:
    with waker.signals(30, refuse):
        os.kill(os.getpid(), signal.SIGTERM)
        assert waker.wait(180) == {Request.STOP}
    assert waker.signal is signal.SIGTERM
