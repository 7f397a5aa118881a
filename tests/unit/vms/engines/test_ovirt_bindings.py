"""Without oVirt's SDK there is one line that says how to install it (vms 3)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotInstalled
from fiwareglancesync.vms.backup_config import OvirtConnection
from fiwareglancesync.vms.engines.ovirt_bindings import load_ovirt
from fiwareglancesync.vms.engines.ovirt_machines import OvirtMachines


@pytest.fixture(autouse=True)
def without_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that has none."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("ovirtsdk4", "pycurl")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ovirtsdk4", None)


def test_one_that_is_missing_names_the_extra() -> None:
    with pytest.raises(NotInstalled, match=r"^ovirtsdk4 is not installed .*\[ovirt\]"):
        load_ovirt()
    with pytest.raises(NotInstalled):
        OvirtMachines(OvirtConnection("https://engine/ovirt-engine/api", "admin@internal", "secret"), 1.0)


def test_one_whose_library_is_missing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ovirtsdk4")
    (tmp_path / "ovirtsdk4").mkdir()
    (tmp_path / "ovirtsdk4" / "__init__.py").write_text("raise ImportError('libxml2.so.2: no such file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NotInstalled, match=r"^the Python package ovirtsdk4 cannot be loaded: libxml2\.so\.2"):
        load_ovirt()
