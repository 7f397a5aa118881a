"""Installs Heat into a virtual environment of its own; tests hold the program against what Heat itself resolves."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.cloud import CHECKOUT, venv_beside
from workbench.venv import SetupError, prepare

REQUIREMENTS = CHECKOUT / "scripts" / "heat-requirements.txt"
CONSTRAINTS = CHECKOUT / "scripts" / "heat-constraints.txt"
MINIMUM_PYTHON = (3, 11)


def heat_venv(environ: Mapping[str, str]) -> Path:
    """Where the environment is."""
    return venv_beside("heat", environ)


def main() -> int:
    """Install Heat, or bring it up to date.

    :returns: the exit code
    """
    if sys.version_info < MINIMUM_PYTHON:
        print(f"Heat needs Python {'.'.join(map(str, MINIMUM_PYTHON))}; the tests with it are skipped.")
        return 0
    try:
        prepare(heat_venv(os.environ), ["-r", str(REQUIREMENTS)], (REQUIREMENTS, CONSTRAINTS), print)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
