"""The folder of a spool, and a master that counts what is read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.spool_content import CONTENT
from tests.support.spooling import CountedMaster


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the spool is to be."""
    return tmp_path / "spool"


@pytest.fixture
def master(tmp_path: Path) -> CountedMaster:
    """A master with one image."""
    return CountedMaster(tmp_path, CONTENT)
