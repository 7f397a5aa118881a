"""Installs oVirt's SDK into a virtual environment of its own: it is compiled, and few users need it.

The tests of oVirt take it from there. Compiling needs the Debian packages gcc and libxml2-dev, and Python's headers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.cloud import CHECKOUT, venv_beside
from workbench.venv import SetupError, prepare

REQUIREMENTS = CHECKOUT / "scripts" / "ovirt-requirements.txt"


def ovirt_venv(environ: Mapping[str, str]) -> Path:
    """Where the environment is."""
    return venv_beside("ovirt", environ)


def ovirt_packages(environ: Mapping[str, str]) -> Path:
    """The folder with the packages of the environment, for the Python that runs now; it need not be there."""
    version = ".".join(map(str, sys.version_info[:2]))
    return ovirt_venv(environ) / "lib" / f"python{version}" / "site-packages"


def main() -> int:
    """Install the SDK, or bring it up to date.

    :returns: the exit code
    """
    try:
        prepare(ovirt_venv(os.environ), ["-r", str(REQUIREMENTS)], (REQUIREMENTS,), print)
    except SetupError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
