"""Gunicorn's worker with threads, with a time limit for clients that send their request slowly, or not at all."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

REQUEST_TIMEOUT_SECONDS = 10.0
"""Seconds that a client has to send a whole request, of at most 64 KiB."""

BUSY_TIMEOUT_SECONDS = 0.5
"""The same while every thread has a connection, and others wait for one: whoever sends at once needs less."""

CHECK_INTERVAL_SECONDS = 0.25
"""Seconds between two checks for connections that take longer."""

CLOSE_SECONDS = 2.0
"""Seconds that a client has to close a connection after the last answer."""

PIECE_BYTES = 65536
"""What is read at once of what a client still sends then."""


class TimedWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """Stops reading from a connection when its request is not complete in time.

    Only reading stops: an answer may take longer. No client is waited for in Gunicorn's main thread, which accepts the
    connections of all others.
    """

    def init_process(self) -> None:
        """Start the worker and the thread that checks its connections."""
        self._begun: dict[Any, float] = {}
        self._waiting: set[Any] = set()
        threading.Thread(target=self._watch, name="request-timeout", daemon=True).start()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Have a request read and answered as soon as a thread is free."""
        self._waiting.add(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it."""
        self._begun[conn] = time.monotonic()
        self._waiting.discard(conn)
        try:
            result = super().handle(conn)
            if result is False:  # then Gunicorn closes the connection
                _wait_for_close(conn.sock)
            return result
        finally:
            del self._begun[conn]

    def _watch(self) -> None:
        while True:
            time.sleep(min(CHECK_INTERVAL_SECONDS, REQUEST_TIMEOUT_SECONDS / 2))
            is_busy = self._waiting and len(self._begun) >= self.cfg.threads
            limit = min(REQUEST_TIMEOUT_SECONDS, BUSY_TIMEOUT_SECONDS) if is_busy else REQUEST_TIMEOUT_SECONDS
            late = time.monotonic() - limit
            for conn, begun in self._begun.copy().items():
                if begun < late:
                    with suppress(OSError):  # it has been closed meanwhile
                        conn.sock.shutdown(socket.SHUT_RD)


def _wait_for_close(connection: socket.socket) -> None:
    """Wait until a client has read its last answer, and has closed the connection.

    If it were closed while bytes of the client are not read, the system would discard that answer. Gunicorn's main
    thread waits for the same, and does not need to any more.
    """
    until = time.monotonic() + CLOSE_SECONDS
    with suppress(OSError):  # the client has gone, or does not close in time
        connection.shutdown(socket.SHUT_WR)
        while time.monotonic() < until:
            connection.settimeout(CLOSE_SECONDS)
            if not connection.recv(PIECE_BYTES):
                break
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
