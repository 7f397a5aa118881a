"""The error of a Python package that the program needs and that is not installed."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import NotInstalled

EXTRAS = {"celery": "celery", "redis": "celery", "psycopg": "postgresql", "pymysql": "mysql",
          "ovirtsdk4": "ovirt", "pycurl": "ovirt", "watchdog": "snapshots"}  # fmt: skip
"""Modules that only some users need, each with the extra of ``setup.py`` that installs it."""

PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
DISTRIBUTION = "fiware-glancesync"


def not_installed(error: BaseException) -> NotInstalled | None:
    """The error of a failed import when a package is not installed; None when something else is wrong.

    A module of ours or of Python's that is not found is a fault of the program or of Python, and so is a part of a
    package that is there.
    """
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if not name or "." in name or name == __package__.partition(".")[0] or name in sys.stdlib_module_names:
        return None
    return without(name, EXTRAS.get(name.lower()))


def without(name: str, extra: str | None, need: str = "GlanceSync needs it") -> NotInstalled:
    """The error that names what is not installed, and how to install it.

    :param name: the module
    :param extra: the extra that installs it, None when everybody needs it
    :param need: who needs it
    """
    return NotInstalled(f"{name} is not installed for {sys.executable}, and {need}; {_remedy(extra)}")


@contextmanager
def missing_packages_reported() -> Iterator[None]:
    """End the process with one line, and the exit code of wrong usage, when a package is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = not_installed(error)
        if missing is None:
            raise
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"ERROR: {missing}", file=sys.stderr)
        sys.exit(missing.exit_code)


def _remedy(extra: str | None) -> str:
    checkout = os.path.dirname(PACKAGE)
    lock = os.path.join(checkout, "requirements.txt")
    if not os.path.isfile(lock):
        return f"run pip install {shlex.quote(f'{DISTRIBUTION}[{extra}]') if extra else DISTRIBUTION}"
    if extra:
        return f"run pip install --constraint {shlex.quote(lock)} {shlex.quote(f'{checkout}[{extra}]')}"
    trial = shlex.quote(os.path.join(checkout, "scripts", "try"))
    return f"run pip install -r {shlex.quote(lock)} in a virtual environment, or {trial}, which makes one"
