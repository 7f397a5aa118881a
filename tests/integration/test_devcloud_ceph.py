"""The Ceph of the development cloud: what ``--with ceph`` adds, and that it ends again, on a cloud of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.ceph import ceph_cluster, ceph_programs
from devcloud_lib.ceph.ceph_cluster import CINDER, DAEMONS, SNAPSHOTS, CephCluster
from devcloud_lib.ceph.ceph_seed import POOL, VOLUMES, image_name

from tests.support.own_cloud import OwnCloud, own_cloud

pytestmark = [pytest.mark.integration, pytest.mark.ceph, pytest.mark.slow]


@pytest.fixture(scope="module")
def cloud(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    """A running cloud with Ceph."""
    with own_cloud(root, tmp_path_factory.mktemp("clouds") / "cloud", "--with", "ceph") as made:
        made.do("seed", "--with", "ceph")
        yield made


@pytest.fixture
def cluster(cloud: OwnCloud) -> CephCluster:
    return ceph_cluster.load(cloud.folder)


def images(cluster: CephCluster, user: str = SNAPSHOTS) -> set[str]:
    return set(ceph_programs.run(cluster, "rbd", "--id", user, "ls", POOL).split())


def test_its_daemons_are_up_and_named_in_the_environment(cloud: OwnCloud, cluster: CephCluster) -> None:
    assert {name: cloud.states()[name] for name in DAEMONS} == dict.fromkeys(DAEMONS, "up")
    assert f"export CEPH_CONF={cluster.config_file}" in cloud.do("env")


def test_the_seed_has_images_named_as_cinder_names_them_and_goes_on_where_it_was(
    cloud: OwnCloud, cluster: CephCluster
) -> None:
    expected = {image_name(id) for id in VOLUMES.values()}
    assert images(cluster, CINDER) == expected
    cloud.do("seed", "--with", "ceph")
    assert images(cluster) == expected


def test_the_user_of_snapshots_makes_them_and_may_blocklist_nobody(cluster: CephCluster) -> None:
    snapshot = f"{POOL}/{image_name(VOLUMES['web-root'])}@by-hand"
    ceph_programs.run(cluster, "rbd", "--id", SNAPSHOTS, "snap", "create", snapshot)
    ceph_programs.run(cluster, "rbd", "--id", SNAPSHOTS, "snap", "rm", snapshot)
    words = ("osd", "blocklist", "add", "127.0.0.1:0/1")
    refused = ceph_programs.attempt(cluster, "ceph", "--id", SNAPSHOTS, *words)
    assert refused is not None
    assert "access denied" in refused.stderr


def test_a_second_up_changes_nothing(cloud: OwnCloud, cluster: CephCluster) -> None:
    cloud.do("up")
    assert ceph_cluster.load(cloud.folder).processes == cluster.processes


def test_a_killed_daemon_is_started_again_and_images_survive(cloud: OwnCloud, cluster: CephCluster) -> None:
    before = images(cluster)
    cloud.do("kill", "ceph-osd")
    assert cloud.states()["ceph-osd"] == "down"
    cloud.do("start", "ceph-osd")
    assert cloud.states()["ceph-osd"] == "up"
    assert images(cluster) == before


def test_a_reset_removes_all_images(cloud: OwnCloud, cluster: CephCluster) -> None:
    cloud.do("reset")
    assert images(cluster) == set()
    cloud.do("seed", "--with", "ceph")
    assert len(images(cluster)) == len(VOLUMES)


def test_down_ends_every_daemon_and_up_has_everything_again(cloud: OwnCloud, cluster: CephCluster) -> None:
    pids = [process.pid for process in ceph_cluster.load(cloud.folder).processes.values()]
    cloud.do("down")
    assert len(pids) == len(DAEMONS)
    assert not any(os.path.exists(f"/proc/{pid}/exe") for pid in pids)
    cloud.do("up")
    assert len(images(cluster)) == len(VOLUMES)
