"""Gunicorn's worker with threads, which no client may hold up by sending its request bit by bit, or never."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

STOP_SECONDS = 10.0
"""Seconds that a client has to send a whole request, of at most 64 KiB."""

CHECK_INTERVAL_SECONDS = 1.0
"""Seconds between two looks for those who need longer."""


class StoppableWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """Ends the reading of a connection when a request has not come in time; a thread waits for it meanwhile.

    An answer that takes longer than that is sent all the same: only reading ends.
    """

    def init_process(self) -> None:
        """Begin, with a thread that watches the others."""
        self._begun: dict[Any, float] = {}
        threading.Thread(target=self._watch, name="impatience", daemon=True).start()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Read a request, answer it."""
        self._begun[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def _watch(self) -> None:
        while True:
            time.sleep(min(CHECK_INTERVAL_SECONDS, STOP_SECONDS / 2))
            late = time.monotonic() - STOP_SECONDS
            for conn, begun in self._begun.copy().items():
                if begun < late:
                    with suppress(OSError):  # it has just been closed
                        conn.sock.shutdown(socket.SHUT_RD)
