"""The federation that the server's threads share; it is reopened regularly, so that new regions appear."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from ..base.errors import CloudError
from ..images.places import Federation
from ..images.places.factory import open_federation
from ..images.settings import Settings
from ..images.status import StatusReader

CACHE_SECONDS = 60.0
"""Seconds after which the federation is opened anew."""


class SharedFederation:
    """Keeps the federation open for the server's threads.

    :param settings: the configuration
    :param environ: the environment
    :param clock: the time in seconds since any moment
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._clock = clock
        self._guard = threading.Lock()
        self._federation: Federation | None = None
        self._until = 0.0

    def reader(self) -> StatusReader:
        """A reader of statuses; while Keystone does not answer, the federation that was opened last is used."""
        with self._guard:
            known = self._federation
            if known is not None and self._clock() < self._until:
                return StatusReader(self.settings, known)
            self._until = self._clock() + CACHE_SECONDS
        fresh = open_federation(self.settings, self._environ)
        try:
            fresh.regions(self.settings.master)
        except CloudError:
            if known is not None:
                return StatusReader(self.settings, known)
            with self._guard:
                self._until = 0.0
            return StatusReader(self.settings, fresh)
        with self._guard:
            # Several threads may have opened one at the same time: all use the first.
            if self._federation is known:
                self._federation = fresh
            return StatusReader(self.settings, self._federation or fresh)
