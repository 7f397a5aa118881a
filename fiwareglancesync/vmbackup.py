#!/usr/bin/env python3
"""The command ``vmbackup.py MASTER SLAVEHOST SLAVEVOLUME -c FILE``: one backup, as ``glancesync vms backup``."""

import sys

if __name__ == "__main__" and not __package__:
    from pathlib import Path

    # Run as ./vmbackup.py: the package is beside this file, and its modules must not be found by their bare names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fiwareglancesync.main import main

if __name__ == "__main__":
    sys.argv[:1] = ["glancesync", "vms", "backup"]  # whose usage is printed
    sys.exit(main())
