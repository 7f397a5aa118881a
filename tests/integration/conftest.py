"""What the tests of bad input and of faults share: the development cloud, its command, a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.ceph.ceph_cluster import CephCluster

from tests.support.ceph_clusters import running_ceph
from tests.support.cloud import running_cloud
from tests.support.faults import Command, FaultyCloud, Made
from tests.support.moving import CONTENT, SPAIN, Uploads, proxied
from tests.support.odd_images import OddImages
from tests.support.proxy import Proxy, running_proxy


@pytest.fixture(scope="module")
def faulty(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """The development cloud, its regions empty; emptied again afterwards."""
    cloud = FaultyCloud(running_cloud(root), tmp_path_factory.mktemp("cloud"))
    for region in ("Spain", "Burgos", "Caceres"):
        cloud.fill(region, [])
    yield cloud
    for region in ("Spain", "Burgos", "Caceres"):
        cloud.fill(region, [])


@pytest.fixture(scope="module")
def odd(faulty: FaultyCloud) -> Iterator[OddImages]:
    """Images of all kinds in Burgos."""
    images = OddImages(faulty, "Burgos")
    images.fill()
    yield images
    images.clean()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy without rules."""
    with running_proxy() as made:
        yield made


@pytest.fixture(scope="module")
def cloud(faulty: FaultyCloud) -> FaultyCloud:
    """A master with one image."""
    faulty.hold(SPAIN, Made("one", CONTENT))
    return faulty


@pytest.fixture
def regions(cloud: FaultyCloud) -> Uploads:
    """The regions, each with an old image that is to be replaced."""
    return Uploads(cloud)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where the runs have their spool."""
    return tmp_path / "spool"


@pytest.fixture
def run(cloud: FaultyCloud, tmp_path: Path, proxy: Proxy, spool: Path, regions: Uploads) -> Command:
    """The program behind the proxy, with no other ways than ``spool`` and ``stream``."""
    return proxied(cloud, tmp_path, proxy, spool)


@pytest.fixture(scope="module")
def cluster(root: Path) -> CephCluster:
    """The cluster of the development cloud."""
    return running_ceph(root)
