"""The bound on bytes per second, on a clock of the test's own: nothing here waits for time to pass."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from fiwareglancesync.base import throttle as module
from fiwareglancesync.base.throttle import Throttle

RATE = 1000
PIECE = 250
FORK = multiprocessing.get_context("fork")
PATIENCE = 180.0


class Clock:
    """Time that passes only while somebody sleeps; with ``stands`` not even then.

    ``when_read`` and ``when_slept`` are called then, for what a test wants to happen.
    """

    def __init__(self, *, stands: bool = False) -> None:
        self.now = 1e6
        self.slept: list[float] = []
        self._stands = stands
        self.when_read: Callable[[], object] = lambda: None
        self.when_slept: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        """What a throttle reads."""
        self.when_read()
        return self.now

    def sleep(self, seconds: float) -> None:
        """What a throttle waits with."""
        assert seconds >= 0
        self.slept.append(seconds)
        if not self._stands:
            self.now += seconds
        self.when_slept()


@pytest.fixture
def clock() -> Clock:
    """A clock that goes on while somebody sleeps."""
    return Clock()


def test_bytes_go_at_the_rate(clock: Clock) -> None:
    throttle, start = Throttle(RATE, clock), clock.now
    for _ in range(9):
        throttle.take(PIECE)
    # The first goes at once: eight pieces of a quarter of a second each have to be waited for.
    assert clock.now - start == pytest.approx(8 * PIECE / RATE)


def test_no_more_than_the_rate_goes_in_any_second(clock: Clock) -> None:
    throttle, went = Throttle(RATE, clock), []
    for size in (100, 900, 1, 499, 500, 1000, 300, 700):
        throttle.take(size)
        went.append((clock.now, size))
    for begin, _ in went:
        # A piece takes its time from the moment at which it begins to go: the last one is the next second's.
        within = [size for at, size in went if begin <= at < begin + 1]
        assert sum(within[:-1]) <= RATE


def test_time_in_which_nothing_went_is_not_saved_up(clock: Clock) -> None:
    throttle = Throttle(RATE, clock)
    throttle.take(PIECE)
    clock.now += 3600
    for _ in range(3):
        throttle.take(PIECE)
    assert clock.slept == pytest.approx([0, 0, PIECE / RATE, PIECE / RATE])


def test_who_is_slower_than_the_rate_never_waits(clock: Clock) -> None:
    throttle = Throttle(RATE, clock)
    for _ in range(4):
        throttle.take(PIECE)
        clock.now += 1
    assert clock.slept == [0, 0, 0, 0]


def _run(work: Callable[[], None]) -> None:
    process = FORK.Process(target=work)
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0


class _Hesitant:
    """What reads the shared moment, with time for others to come between reading and writing it, if they can."""

    size = struct.calcsize("d")
    pack = staticmethod(partial(struct.pack, "d"))

    @staticmethod
    def unpack(data: bytes) -> tuple[float, ...]:
        """Take some time."""
        threading.Event().wait(0.001)
        return struct.unpack("d", data)


def test_processes_share_the_rate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = Clock(stands=True)
    monkeypatch.setattr(module, "_TIME_FORMAT", _Hesitant)
    throttle, count = Throttle(RATE, clock), 20

    def send() -> None:
        for _ in range(count):
            throttle.take(PIECE)
        (tmp_path / str(os.getpid())).write_text("\n".join(map(str, clock.slept)))

    processes = [FORK.Process(target=send) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0
    waited = sorted(float(line) for file in tmp_path.iterdir() for line in file.read_text().splitlines())
    # All began at one moment: each piece of any of them has a turn of its own.
    assert waited == pytest.approx([number * PIECE / RATE for number in range(3 * count)], abs=1e-6)


def test_threads_share_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(stands=True)
    monkeypatch.setattr(module, "_TIME_FORMAT", _Hesitant)
    throttle = Throttle(RATE, clock)

    def send() -> None:
        for _ in range(50):
            throttle.take(PIECE)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(clock.slept) == pytest.approx([number * PIECE / RATE for number in range(200)], abs=1e-6)


def test_a_process_that_is_killed_while_it_holds_it_holds_nobody_up(
    clock: Clock, tmp_path: Path
) -> None:
    throttle = Throttle(RATE, clock)
    throttle.take(PIECE)

    def end() -> None:
        (tmp_path / "reached").touch()
        os.kill(os.getpid(), signal.SIGKILL)

    def die() -> None:
        clock.when_read = end
        throttle.take(PIECE)

    process = FORK.Process(target=die)
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "reached").exists()
    _run(lambda: throttle.take(PIECE))
    throttle.take(PIECE)
    assert clock.slept == pytest.approx([0, 2 * PIECE / RATE])


def test_a_child_forked_while_a_thread_waits_its_turn_is_not_held_up(clock: Clock) -> None:
    """Sleeping is done outside of the lock: others take their turns meanwhile."""
    asleep, awake = threading.Event(), threading.Event()

    def sleep_on() -> None:
        asleep.set()
        awake.wait(PATIENCE)

    clock.when_slept = sleep_on
    throttle = Throttle(RATE, clock)
    sleeper = threading.Thread(target=lambda: throttle.take(PIECE))
    sleeper.start()
    try:
        assert asleep.wait(PATIENCE)
        clock.when_slept = lambda: None
        _run(lambda: throttle.take(PIECE))
    finally:
        awake.set()
        sleeper.join()


def test_what_nobody_uses_any_more_keeps_no_file_open() -> None:
    throttle = Throttle(RATE)
    number = throttle._file.fileno()
    os.fstat(number)
    del throttle
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
