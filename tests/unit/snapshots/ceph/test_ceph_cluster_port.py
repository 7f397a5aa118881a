"""What the port of a real cluster finds out without one (snapshots 5)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.snapshots.ceph.ceph_bindings import Bindings
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster, check_ceph_conf
from fiwareglancesync.snapshots.ceph.ceph_errors import CephError


def test_a_missing_configuration_of_ceph_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        check_ceph_conf(str(tmp_path / "ceph.conf"))
    begin = f"[snapshots] ceph_conf: {tmp_path / 'ceph.conf'} cannot be read: No such file or directory; "
    assert str(refused.value).startswith(begin)


def test_one_that_is_there_is_left_to_ceph(tmp_path: Path) -> None:
    (tmp_path / "ceph.conf").write_text("anything")
    check_ceph_conf(str(tmp_path / "ceph.conf"))


def test_a_name_that_is_not_utf8_is_an_error_of_its_place_alone() -> None:
    cluster = CephCluster.__new__(CephCluster)
    kinds = SimpleNamespace(Error=type("Error", (Exception,), {}))
    cluster._bindings = Bindings(kinds, kinds)
    with pytest.raises(CephError) as refused, cluster._errors("pool volumes"):
        b"bad\xff".decode("utf-8")  # as the bindings do it
    assert str(refused.value) == "pool volumes: a name there is not UTF-8, bad\\xff; rename it"
