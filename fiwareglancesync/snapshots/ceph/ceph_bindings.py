"""Loads the bindings of Ceph, which are Debian's (snapshots 5).

The files of these two modules, and of no other, are loaded from where Debian has them.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, NamedTuple

from ...base.errors import NotInstalled
from ...base.system_modules import SYSTEM_MODULES, load_module

REMEDY = "as root: apt-get install python3-rados python3-rbd"


class Bindings(NamedTuple):
    """The two modules; they have no types."""

    rados: Any
    rbd: Any


def load_bindings(folder: Path = SYSTEM_MODULES) -> Bindings:
    """Load the bindings.

    :param folder: where they are when the environment has none
    :raises NotInstalled: they are missing, or made for another Python
    """
    # rbd imports rados by its name, so rados comes first.
    return Bindings(_load("rados", folder), _load("rbd", folder))


def _load(name: str, folder: Path) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        pass
    path = next((path for suffix in EXTENSION_SUFFIXES if (path := folder / f"{name}{suffix}").exists()), None)
    if path is None:
        raise NotInstalled(_missing(name, folder))
    return load_module(name, path, f"{name} of Ceph")


def _missing(name: str, folder: Path) -> str:
    others = sorted(folder.glob(f"{name}.*.so"))
    if others:
        version = ".".join(map(str, sys.version_info[:2]))
        return (
            f"the Python module {name} of Ceph is there for another Python than this one, {version}: {others[0]}; "
            "run the program with the Python of the system"
        )
    return f"the Python module {name} of Ceph is missing; {REMEDY}"
