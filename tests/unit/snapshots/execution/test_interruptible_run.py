"""A run ends at a signal although the cluster does not answer (snapshots 1.3)."""

from __future__ import annotations

import os
import signal
from threading import Event

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.base.signals import cancellable
from fiwareglancesync.snapshots.ceph.ceph_errors import NoAnswer, RequestsHang
from fiwareglancesync.snapshots.execution import interruptible_run
from fiwareglancesync.snapshots.execution.interruptible_run import ENDED, LEFT, InterruptibleRun


def interrupt() -> None:
    """Send this process a signal, as an operator does."""
    os.kill(os.getpid(), signal.SIGTERM)


def never() -> bool:
    """What is waited for will come."""
    return False


def test_what_the_work_raises_is_raised() -> None:
    def work() -> None:
        raise NoAnswer("no answer")

    run = InterruptibleRun()
    with pytest.raises(NoAnswer):
        run.call(work, lambda: None, never)
    assert run.has_ended


def test_work_that_ends_when_it_is_to_begin_nothing_more_is_waited_for() -> None:
    stopped = Event()

    def work() -> None:
        interrupt()
        stopped.wait()

    run = InterruptibleRun()
    with cancellable(), pytest.raises(Cancelled) as ended:
        run.call(work, stopped.set, never)
    assert (ended.value.left, run.has_ended) == (ENDED, True)


def test_work_that_gets_no_answer_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruptible_run, "END_SECONDS", 0.01)
    answered = Event()

    def work() -> None:
        interrupt()
        answered.wait()

    run = InterruptibleRun()
    try:
        with cancellable(), pytest.raises(Cancelled) as ended:
            run.call(work, lambda: None, never)
        assert (ended.value.left, run.has_ended) == (LEFT, False)
    finally:
        answered.set()


def test_work_that_hangs_is_left_alone_and_the_process_is_not_to_wait_for_it() -> None:
    returned = Event()

    def work() -> None:
        returned.wait()

    run = InterruptibleRun()
    try:
        with pytest.raises(RequestsHang) as hanging:
            run.call(work, lambda: None, lambda: True)
        assert (hanging.value.leaves_threads, run.has_ended) == (True, False)
    finally:
        returned.set()
