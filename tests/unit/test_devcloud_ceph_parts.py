"""The parts of the development cloud's Ceph, without a daemon."""

from __future__ import annotations

import configparser
import json
import sys
from pathlib import Path

import pytest
from devcloud_lib import processes, topology
from devcloud_lib.ceph import ceph_cluster, ceph_lifecycle, ceph_programs
from devcloud_lib.ceph.ceph_cluster import DAEMONS, CephCluster
from devcloud_lib.ceph.ceph_config import ceph_config
from devcloud_lib.errors import CloudError
from devcloud_lib.servers import Health
from workbench import debian


@pytest.fixture
def cluster(tmp_path: Path) -> CephCluster:
    """A cluster that exists on paper only."""
    made = ceph_cluster.new_cluster(tmp_path)
    made.folder.mkdir()
    made.save()
    return made


def test_what_is_known_is_read_again(cluster: CephCluster, tmp_path: Path) -> None:
    process = processes.spawn(
        [sys.executable, "-c", "input()"], folder=tmp_path, log=tmp_path / "log", environment={}
    )
    cluster.processes["ceph-mon"] = process
    cluster.save()
    processes.end([process])
    assert ceph_cluster.exists(tmp_path)
    assert ceph_cluster.load(tmp_path) == cluster
    assert (cluster.folder / ceph_cluster.STATE_FILE).stat().st_mode & 0o077 == 0


def test_everything_listens_on_loopback_and_lies_below_the_folder(cluster: CephCluster) -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(ceph_config(cluster))
    common = parser["global"]
    assert common["mon_host"] == f"[v2:127.0.0.1:{cluster.port},v1:127.0.0.1:{cluster.second_port}]"
    assert common["public_addr"] == common["cluster_addr"] == "127.0.0.1"
    paths = [value for section in parser.values() for value in section.values() if value.startswith("/")]
    assert len(paths) > 8
    assert all(path.startswith(str(cluster.folder)) for path in paths)


def test_two_ports_are_chosen(cluster: CephCluster) -> None:
    assert cluster.port != cluster.second_port


def test_a_cloud_without_a_cluster_has_no_daemons(tmp_path: Path) -> None:
    assert ceph_lifecycle.rows(tmp_path) == []
    assert ceph_lifecycle.environment(tmp_path) == {}
    ceph_lifecycle.down(tmp_path)
    ceph_lifecycle.reset(tmp_path, print)
    ceph_lifecycle.stop_named(tmp_path, topology.service_names())
    with pytest.raises(CloudError, match="up --with ceph makes it"):
        ceph_lifecycle.stop_named(tmp_path, DAEMONS)
    with pytest.raises(CloudError, match="up --with ceph makes it"):
        ceph_lifecycle.start_named(tmp_path, DAEMONS, print)


def test_a_cluster_that_is_down_is_shown_and_purged(cluster: CephCluster, tmp_path: Path) -> None:
    assert [(row.name, row.health, row.pid) for row in ceph_lifecycle.rows(tmp_path)] == [
        (name, Health.DOWN, None) for name in DAEMONS
    ]
    assert ceph_lifecycle.environment(tmp_path) == {"CEPH_CONF": str(tmp_path / "ceph" / "ceph.conf")}
    ceph_lifecycle.purge(tmp_path)
    assert not ceph_cluster.exists(tmp_path)


def test_a_program_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "find", lambda name: None)
    with pytest.raises(CloudError, match="ceph-osd is missing; as root"):
        ceph_programs.program("ceph-osd")


def test_programs_of_ceph_do_not_see_another_pythons_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert "PYTHONPATH" not in json.dumps(ceph_programs.environment())
