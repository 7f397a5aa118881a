#!/usr/bin/env python3
"""The server's command: ``./run.py {gunicornserver,runserver,db,shell}``."""

import sys

if __name__ == "__main__" and not __package__:
    from pathlib import Path

    # Run as ./run.py: the package is beside this file, and its modules must not be found by their bare names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fiwareglancesync.api.command import main

if __name__ == "__main__":
    main()
