"""Runs ``sync.py`` with less patience than it has, so that a test need not wait for it.

``python hasty.py NAME=SECONDS… -- ARGUMENTS…``, where NAME is a field of ``Tuning``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.base import attempts  # noqa: E402
from fiwareglancesync.images.places.glance import glance_federation  # noqa: E402
from fiwareglancesync.main import main  # noqa: E402 - the path has to be set first

FIRST_WAIT_SECONDS = 0.01
"""Seconds before a move is begun anew."""


def _main() -> int:
    end = sys.argv.index("--")
    given: dict[str, Any] = {name: float(value) for name, _, value in (word.partition("=") for word in sys.argv[1:end])}
    set_by_configuration = glance_federation.tuning_for
    glance_federation.__dict__["tuning_for"] = lambda target: replace(set_by_configuration(target), **given)
    attempts.FIRST_WAIT_SECONDS = FIRST_WAIT_SECONDS  # before the modules are loaded that have it as a default
    del sys.argv[1 : end + 1]
    return main()


if __name__ == "__main__":
    sys.exit(_main())
