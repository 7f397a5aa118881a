"""Loads the binding of libvirt, which is Debian's (vms 3).

The files of its two modules are loaded from where Debian has them.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

from ...base.errors import NotInstalled
from ...base.system_modules import SYSTEM_MODULES, load_module

REMEDY = "as root: apt-get install python3-libvirt"


def load_libvirt(folder: Path = SYSTEM_MODULES) -> Any:
    """The module ``libvirt``; it has no types.

    :param folder: where it is when the environment has none
    :raises NotInstalled: it is missing, or made for another Python
    """
    try:
        return importlib.import_module("libvirt")
    except ImportError:
        pass
    suffixes = [suffix for suffix in EXTENSION_SUFFIXES if (folder / f"libvirtmod{suffix}").exists()]
    if not suffixes or not (folder / "libvirt.py").exists():
        version = ".".join(map(str, sys.version_info[:2]))
        raise NotInstalled(f"the Python module libvirt is missing for this Python, {version}; {REMEDY}")
    # libvirt imports libvirtmod by its name, so that comes first.
    load_module("libvirtmod", folder / f"libvirtmod{suffixes[0]}")
    return load_module("libvirt", folder / "libvirt.py")
