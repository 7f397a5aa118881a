"""Only the two modules of Ceph are loaded from Debian, and what is missing is one line (snapshots 5.1)."""

from __future__ import annotations

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotInstalled
from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings


@pytest.fixture(autouse=True)
def without_bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that has none itself."""
    for name in ("rados", "rbd"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "dist-packages" not in path])


def test_bindings_that_are_missing_are_one_line_that_names_the_packages(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled) as missing:
        load_bindings(tmp_path)
    assert str(missing.value) == (
        "the Python module rados of Ceph is missing; as root: apt-get install python3-rados python3-rbd"
    )
    assert missing.value.exit_code == 2


def test_bindings_for_another_python_are_named(tmp_path: Path) -> None:
    other = tmp_path / "rados.cpython-299-x86_64-linux-gnu.so"
    other.touch()
    with pytest.raises(NotInstalled, match="is there for another Python than this one") as found:
        load_bindings(tmp_path)
    assert str(other) in str(found.value)


def test_a_file_that_cannot_be_loaded_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / f"rados{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    with pytest.raises(NotInstalled, match=r"the Python module rados of Ceph cannot be loaded from"):
        load_bindings(tmp_path)
    assert "rados" not in sys.modules
    assert str(tmp_path) not in sys.path
