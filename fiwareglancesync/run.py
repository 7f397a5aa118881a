#!/usr/bin/env python3
"""The server's command: ``./run.py {gunicornserver,runserver,db,shell}``."""

import sys

if __name__ == "__main__" and not __package__:
    from pathlib import Path

    # Run as ./run.py: the package is beside this file, and its modules must not be found by their bare names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fiwareglancesync.base.dependencies import missing_packages_reported
from fiwareglancesync.terminal.standard_outputs import run_program


def main() -> None:
    """Run the command line; a package that is not installed is reported in one line."""
    sys.exit(run_program(_run))


def _run() -> int:
    with missing_packages_reported():
        from fiwareglancesync.api.server_command import main as command

        command()
    return 0


if __name__ == "__main__":
    main()
