"""Which cluster a configuration of Ceph is for, before anybody has reached one (snapshots 4.9)."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.snapshots.ceph import stated_cluster as module
from fiwareglancesync.snapshots.ceph.ceph_bindings import Bindings
from fiwareglancesync.snapshots.ceph.stated_cluster import stated_cluster

UNSET = "00000000-0000-0000-0000-000000000000"


class CephFailure(Exception):
    """Stands for an error of the bindings."""


@pytest.fixture
def conf(tmp_path: Path) -> str:
    """A configuration; what is in it the stand-in of the bindings says."""
    path = tmp_path / "ceph.conf"
    path.write_text("[global]\n")
    return str(path)


def says(monkeypatch: pytest.MonkeyPatch, fsid: str | None) -> None:
    """Have the bindings read an id, or fail."""

    def opened(**_: str) -> SimpleNamespace:
        if fsid is None:
            raise CephFailure
        return SimpleNamespace(conf_get=lambda key: {"fsid": fsid}[key])

    rados = SimpleNamespace(Rados=opened, Error=CephFailure)
    monkeypatch.setattr(module, "load_bindings", lambda: Bindings(rados, None))


def test_it_is_the_one_whose_id_is_stated(conf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "3c56a698-e97c-4d35-80f3-222bc23b87d3")
    assert stated_cluster(conf, "snapmanager") == "3c56a698-e97c-4d35-80f3-222bc23b87d3"


@pytest.mark.parametrize("fsid", [UNSET, None])
def test_else_machine_and_file_stand_for_it(conf: str, monkeypatch: pytest.MonkeyPatch, fsid: str | None) -> None:
    says(monkeypatch, fsid)
    assert stated_cluster(conf, "snapmanager") == f"of {socket.gethostname()}:{conf}"


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, UNSET)
    with pytest.raises(ConfigError, match="ceph_conf"):
        stated_cluster(str(tmp_path / "none.conf"), "snapmanager")
