"""Loads the SDK of oVirt, which only backups of oVirt's virtual machines need (vms 3)."""

from __future__ import annotations

import importlib
from typing import Any

from ...base.dependencies import without
from ...base.errors import NotInstalled

MODULE, EXTRA = "ovirtsdk4", "ovirt"


def load_ovirt() -> Any:
    """The package ``ovirtsdk4`` with its module ``types``; it has no types of Python's.

    :raises NotInstalled: it is missing, or a library that it needs is
    """
    try:
        importlib.import_module(f"{MODULE}.types")
        return importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        missing = (error.name or MODULE).partition(".")[0]
        raise without(missing, EXTRA, "a backup of oVirt's virtual machines needs it") from error
    except ImportError as error:
        raise NotInstalled(f"the Python package {MODULE} cannot be loaded: {error}") from error
