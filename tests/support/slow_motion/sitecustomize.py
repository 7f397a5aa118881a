"""Makes each write to an embedded region known, and slow at will; found through ``PYTHONPATH``.

Each write is a line in the file that ``WRITES_VARIABLE`` names: process, region, kind, UUID. While the file that
``HOLD_VARIABLE`` names is there, a process stops before it gives an image its content, and says so with a line of
the kind ``hold``.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from typing import Any

from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace

WRITES_VARIABLE, HOLD_VARIABLE = "SLOW_MOTION_WRITES", "SLOW_MOTION_HOLD"


def report(*words: object) -> None:
    """Add a line, in one piece."""
    descriptor = os.open(os.environ[WRITES_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def reported(write: Callable[..., Any]) -> Callable[..., Any]:
    """The same write, made known once it is done."""

    @functools.wraps(write)
    def replacement(place: EmbeddedPlace, image: Any, *arguments: Any) -> Any:
        words = (os.getpid(), place.name, write.__name__, getattr(image, "id", image))
        if write.__name__ == "adopt" and os.path.exists(os.environ[HOLD_VARIABLE]):
            report(os.getpid(), place.name, "hold", words[-1])
            while os.path.exists(os.environ[HOLD_VARIABLE]):
                time.sleep(0.02)
        result = write(place, image, *arguments)
        report(*words)
        return result

    return replacement


for name in ("create", "adopt", "update", "delete"):
    setattr(EmbeddedPlace, name, reported(getattr(EmbeddedPlace, name)))
