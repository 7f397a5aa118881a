"""More seconds to remove unfinished images after a signal than the program has; as a script: ``sync.py`` with them.

On a machine with much other work that may take longer than the program waits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.images.execution import interruption
from fiwareglancesync.jobs import pool
from fiwareglancesync.main import main

SECONDS = 60.0

TIDY = 30.0
"""Seconds within which an interrupted run is gone. Sync 1.2 says five, but the machine may have much other work; what
the run would wait for otherwise takes at least twice as long.
"""


def allow_time_to_tidy(patch: pytest.MonkeyPatch) -> None:
    """Give the program so many seconds."""
    patch.setattr(interruption, "CLEANUP_SECONDS", SECONDS)
    patch.setattr(pool, "TERMINATION_SECONDS", 2 * SECONDS)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as lasting:
        allow_time_to_tidy(lasting)
        sys.exit(main())
