"""Loads modules that Debian has for the Python of the system and that are not on PyPI.

A virtual environment does not see the packages of the system, and shall not: single files are loaded from there.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from .errors import NotInstalled

SYSTEM_MODULES = Path("/usr/lib/python3/dist-packages")
"""Where Debian has the modules of its Python."""


def load_module(name: str, path: Path, title: str = "") -> Any:
    """Load one module; it has no types.

    :param name: by which others import it
    :param path: its file
    :param title: how messages name it, its name if empty
    :raises NotInstalled: it cannot be loaded; nothing of it is left in ``sys.modules``
    """
    failed = f"the Python module {title or name} cannot be loaded from {path}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotInstalled(f"{failed}: its name is not that of a module")
    try:
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except ImportError as error:
        sys.modules.pop(name, None)
        raise NotInstalled(f"{failed}: {error}") from error
    return module
