"""The federation as the server's threads share it, opened anew now and then so that new regions appear."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from ..base.errors import CloudError
from ..images.places import Federation
from ..images.places.factory import open_federation
from ..images.settings import Settings
from ..images.status import StatusReader

CACHE_SECONDS = 60.0
"""Seconds after which the regions are asked for anew."""


class Cloud:
    """Hands out looks at the federation.

    :param settings: the configuration
    :param environ: the environment
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self._environ = environ
        self._guard = threading.Lock()
        self._federation: Federation | None = None
        self._until = 0.0

    def reader(self) -> StatusReader:
        """A look at the federation; while Keystone is down, the one that is known goes on serving."""
        with self._guard:
            known = self._federation
            if known is not None and time.monotonic() < self._until:
                return StatusReader(self.settings, known)
            self._until = time.monotonic() + CACHE_SECONDS
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
            # Of several that were opened at once, all go on with the same.
            if self._federation is known:
                self._federation = fresh
            return StatusReader(self.settings, self._federation or fresh)
