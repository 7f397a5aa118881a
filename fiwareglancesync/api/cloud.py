"""The federation as the server's threads share it, opened anew now and then so that new regions appear."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from ..facade import Federation
from ..facade.factory import open_federation
from ..jobs.overview import Watch
from ..settings import Settings

KEPT = 60.0
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

    def watch(self) -> Watch:
        """A look at the federation."""
        with self._guard:
            if self._federation is None or time.monotonic() >= self._until:
                self._federation = open_federation(self.settings, self._environ)
                self._until = time.monotonic() + KEPT
            return Watch(self.settings, self._federation)
