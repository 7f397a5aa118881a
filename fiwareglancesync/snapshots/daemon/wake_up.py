"""Wakes the daemon: requests of signals and threads, and a wait that they end at once."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from types import FrameType
from typing import Protocol


class Request(Enum):
    """What the daemon is asked for."""

    STOP = "stop"
    INVENTORY = "inventory"
    FILES = "files"
    """A file may have changed."""

    WORK = "work"
    """Something that was begun has ended."""


REQUESTS: Mapping[signal.Signals, Request] = {
    signal.SIGTERM: Request.STOP,
    signal.SIGINT: Request.STOP,
    signal.SIGHUP: Request.INVENTORY,
}
"""What a signal asks for."""


class Waker(Protocol):
    """Takes requests from anywhere, and waits for them."""

    def wake(self, request: Request) -> None:
        """Make a request; threads may."""

    def wait(self, seconds: float) -> set[Request]:
        """Wait for requests, and take them.

        :param seconds: to wait at most
        """


class SocketWaker:
    """A waker with a socket, so that also a signal that comes just before a wait ends it."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._requests: set[Request] = set()
        self.signal: signal.Signals | None = None

    def wake(self, request: Request) -> None:
        """Make a request; threads may."""
        self._requests.add(request)
        with suppress(BlockingIOError):  # it is full of calls to wake up
            self._writer.send(b"\0")

    def wait(self, seconds: float) -> set[Request]:
        """Wait for requests, and take them."""
        select.select([self._reader], [], [], max(seconds, 0))
        with suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass
        found = set()
        while self._requests:
            found.add(self._requests.pop())
        return found

    @contextmanager
    def signals(self, seconds: float, give_up: Callable[[signal.Signals], None]) -> Iterator[None]:
        """Make requests of signals: SIGTERM and SIGINT ask for the end, SIGHUP for an inventory.

        A thread takes them, because Python calls no handler while the main thread waits for an answer of the cluster.

        :param seconds: from a request for the end until ``give_up`` is called, if the block has not ended before
        :param give_up: called by that thread
        """
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, _do_nothing) for number in REQUESTS}
        thread = threading.Thread(target=self._take_signals, args=(reader, seconds, give_up), daemon=True)
        thread.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in previous.items():
                signal.signal(number, handler)
            writer.close()
            thread.join()
            reader.close()

    def _take_signals(
        self, reader: socket.socket, seconds: float, give_up: Callable[[signal.Signals], None]
    ) -> None:
        """Take signals, of which the kernel's handler writes the numbers, until the other end is closed."""
        end: float | None = None
        while True:
            reader.settimeout(None if end is None else max(end - time.monotonic(), 0.001))
            try:
                numbers = reader.recv(64)
            except TimeoutError:
                give_up(self.signal or signal.SIGTERM)
                return
            if not numbers:
                return
            for number in (each for each in numbers if each in REQUESTS):
                request = REQUESTS[signal.Signals(number)]
                if request is Request.STOP and end is None:
                    self.signal, end = signal.Signals(number), time.monotonic() + seconds
                self.wake(request)

    def close(self) -> None:
        """Give the socket back."""
        self._reader.close()
        self._writer.close()


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Handle a signal: a thread takes it."""
