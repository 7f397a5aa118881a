"""A signal becomes an exception that unwinds (contract 1.2)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync.errors import Cancelled
from fiwareglancesync.jobs.signals import cancellable

TWICE = """
import os, signal
from fiwareglancesync.jobs import signals
signals.TOGETHER = 0.0
with signals.cancellable():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        print("tidied")
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_with_the_code_of_its_signal(number: signal.Signals, code: int) -> None:
    with pytest.raises(Cancelled) as stopped, cancellable():
        os.kill(os.getpid(), number)
    assert stopped.value.exit_code == code


def test_no_handler_of_errors_swallows_it() -> None:
    assert not issubclass(Cancelled, Exception)


def test_what_was_there_before_is_there_again() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for child in (False, True):
        with cancellable(child=child):
            pass
        with pytest.raises(Cancelled), cancellable(child=child):
            os.kill(os.getpid(), signal.SIGTERM)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_later_second_signal_ends_the_process_at_once(root: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", TWICE], cwd=root, capture_output=True, check=False)
    assert ended.returncode == 143
    assert b"tidied" not in ended.stdout


def test_two_signals_that_come_together_count_as_one() -> None:
    tidied = []

    def interrupted() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            tidied.append(True)

    with pytest.raises(Cancelled), cancellable():
        interrupted()
    assert tidied


def test_a_child_leaves_the_terminals_interrupt_to_its_parent_and_is_stopped_once() -> None:
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Cancelled), cancellable(child=True):
        interrupted()
