"""A signal becomes an exception that unwinds (sync 1.2)."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.base.signals import SIGNALS, cancellable
from fiwareglancesync.base.waiting import pause

TWICE = """
import os, signal, sys
from fiwareglancesync.base import signals
signals.SAME_REQUEST_SECONDS = 0.0
number = int(sys.argv[1])
with signals.cancellable():
    try:
        os.kill(os.getpid(), number)
    finally:
        os.kill(os.getpid(), number)
        print("tidied")
"""

ON_A_TERMINAL = """
import fcntl, signal, sys, termios
from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.base.signals import cancellable
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
try:
    with cancellable():
        print("begun", flush=True)
        while True:
            signal.sigtimedwait((), 0.1)
except Cancelled as stopped:
    print("tidied", flush=True)
    sys.exit(stopped.exit_code)
"""


@pytest.fixture(autouse=True)
def as_without_nohup() -> Iterator[None]:
    """No signal is ignored, however the tests were started."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGHUP, signal.SIGTERM)}
    before |= {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_it_ends_with_the_code_of_its_signal(number: signal.Signals, code: int) -> None:
    with pytest.raises(Cancelled) as stopped, cancellable():
        os.kill(os.getpid(), number)
    assert stopped.value.exit_code == code


def test_no_handler_of_errors_swallows_it() -> None:
    assert not issubclass(Cancelled, Exception)


def test_what_was_there_before_is_there_again() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    for child in (False, True):
        with cancellable(child=child):
            pass
        with pytest.raises(Cancelled), cancellable(child=child):
            os.kill(os.getpid(), signal.SIGTERM)
        assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_later_second_signal_ends_the_process_at_once(root: Path) -> None:
    ended = twice(signal.SIGTERM, root)
    assert ended.returncode == 143
    assert "tidied" not in ended.stdout


def test_a_lost_terminal_is_reported_of_more_than_once_but_hurries_nobody(root: Path) -> None:
    assert twice(signal.SIGHUP, root).stdout == "tidied\n"


def twice(number: signal.Signals, root: Path) -> subprocess.CompletedProcess[str]:
    """Send a process a signal, and again when it is tidying up."""
    command = [sys.executable, "-c", TWICE, str(int(number))]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_nothing_fails_because_the_terminal_is_no_more(root: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL]
    process = subprocess.Popen(command, cwd=root, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    with open(ours) as terminal:
        assert terminal.readline() == "begun\n"
    assert process.wait(180) == 129


def test_who_is_to_outlive_the_terminal_does() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cancellable():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_that_comes_while_an_object_is_removed_is_not_lost() -> None:
    class Signals:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def remove() -> None:
        Signals()
        pause(30.0, lambda: None)

    hook = sys.unraisablehook
    with pytest.raises(Cancelled) as stopped, cancellable():
        remove()
    assert (stopped.value.exit_code, sys.unraisablehook) == (143, hook)


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


def test_a_child_leaves_the_terminals_signals_to_its_parent_and_is_stopped_once() -> None:
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGHUP)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Cancelled), cancellable(child=True):
        interrupted()
