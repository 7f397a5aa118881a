"""The programs that tests call."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from workbench import debian

MISSING = "needs the program "
"""How the reason of a skip begins when a program is missing; in CI such a test has failed."""


def program(name: str) -> str:
    """Where a program of ``scripts/workbench/debian.py`` is; a test without it is skipped, or in CI has failed.

    :param name: its name without a folder
    :raises LookupError: the table does not have it
    """
    found = debian.find(name)
    if found is None:
        pytest.skip(f"{MISSING}{name}; {debian.remedy([debian.holder(name)])}")
    return found


def python_program(name: str) -> str:
    """Where a program is that ``test-requirements.txt`` brings along; a test without it is skipped, or has failed."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"{MISSING}{name}; see test-requirements.txt")
    return str(path)
