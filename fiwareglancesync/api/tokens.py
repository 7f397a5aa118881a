"""A cache of validated tokens for all workers of the server, so that they work on while Keystone is down."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TOKEN_CACHE_SECONDS = 300
"""Seconds for which a validated token is accepted without asking Keystone."""


class TokenCache:
    """A cache with the interface that keystonemiddleware expects; its keys are hashes of tokens.

    :param folder: a private folder that all workers of the server share
    :param clock: the time in seconds since any moment, the same in all workers
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._next_sweep = clock() + TOKEN_CACHE_SECONDS

    def get(self, key: str) -> str | bytes | None:
        """The value of a key, None when there is none or it is too old."""
        try:
            entry = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if entry["expires"] < self._clock():
            return None
        return entry["value"].encode() if entry["bytes"] else str(entry["value"])

    # The parameter has the name that keystonemiddleware uses.
    def set(self, key: str, value: str | bytes, time: float = TOKEN_CACHE_SECONDS) -> None:  # noqa: A002, RUF100
        """Store a value for ``time`` seconds."""
        entry = {
            # The workers share this machine's monotonic clock; the folder is removed when the server ends.
            "expires": self._clock() + time,
            "bytes": isinstance(value, bytes),
            "value": value.decode() if isinstance(value, bytes) else value,
        }
        self._sweep()
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(entry, file)
        Path(name).replace(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / "".join(c for c in key if c.isalnum())

    def _sweep(self) -> None:
        """Remove expired entries, at most once in ``TOKEN_CACHE_SECONDS``."""
        if self._clock() < self._next_sweep:
            return
        self._next_sweep = self._clock() + TOKEN_CACHE_SECONDS
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - TOKEN_CACHE_SECONDS:
                    path.unlink()
