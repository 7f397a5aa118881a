#!/usr/bin/env python3
"""The command: bring the regions of a federation to the state of the master region."""

import sys

if __name__ == "__main__" and not __package__:
    from pathlib import Path

    # Run as ./sync.py: the package is beside this file, and its modules must not be found by their bare names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fiwareglancesync.main import main

if __name__ == "__main__":
    sys.exit(main())
