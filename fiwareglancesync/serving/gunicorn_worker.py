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

CHECK_INTERVAL_SECONDS = 1.0
"""Seconds between two checks for connections that take longer."""


class TimedWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """Stops reading from a connection when its request is not complete in time.

    Only reading stops: an answer may take longer.
    """

    def init_process(self) -> None:
        """Start the worker and the thread that checks its connections."""
        self._begun: dict[Any, float] = {}
        threading.Thread(target=self._watch, name="request-timeout", daemon=True).start()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Read a request and answer it."""
        self._begun[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def _watch(self) -> None:
        while True:
            time.sleep(min(CHECK_INTERVAL_SECONDS, REQUEST_TIMEOUT_SECONDS / 2))
            late = time.monotonic() - REQUEST_TIMEOUT_SECONDS
            for conn, begun in self._begun.copy().items():
                if begun < late:
                    with suppress(OSError):  # it has been closed meanwhile
                        conn.sock.shutdown(socket.SHUT_RD)
