"""Only the two modules of libvirt are loaded from Debian, and what is missing is one line (vms 3)."""

from __future__ import annotations

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotInstalled
from fiwareglancesync.vms.engines.libvirt_bindings import load_libvirt


@pytest.fixture(autouse=True)
def without_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that has none itself."""
    for name in ("libvirt", "libvirtmod"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "dist-packages" not in path])


def test_a_binding_that_is_missing_is_one_line_that_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").touch()
    with pytest.raises(NotInstalled, match=r"is missing for this Python.*apt-get install python3-libvirt$"):
        load_libvirt(tmp_path)


def test_a_file_that_cannot_be_loaded_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").touch()
    (tmp_path / f"libvirtmod{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    with pytest.raises(NotInstalled, match="the Python module libvirtmod cannot be loaded from"):
        load_libvirt(tmp_path)
    assert "libvirtmod" not in sys.modules
