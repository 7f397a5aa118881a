"""Runs on a real cluster: what a silent OSD leaves is found, and what strangers have stays (snapshots 4)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from devcloud_lib.ceph.ceph_cluster import SNAPSHOTS, CephCluster

from fiwareglancesync.base.errors import ConfigError, GlanceSyncError
from fiwareglancesync.jobs.command_database import open_command_database
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_errors import CephError
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.execution.snapshot_session import SnapshotSession
from fiwareglancesync.snapshots.inventory.snapshot_files import load_schedule
from fiwareglancesync.snapshots.snapshot_events import CopyMade, SnapshotEvent
from fiwareglancesync.snapshots.snapshot_options import SnapshotSettings
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.ceph_clusters import POOL, CephWorld, real_world
from tests.support.ceph_troubles import silent_osd

pytestmark = [pytest.mark.integration, pytest.mark.ceph]

SERVER = "11111111-0000-4000-8000-000000000000"
TIMEOUT, SOON = 60, 5
SHORT_TIMEOUT = 5
"""Seconds: less, twice, than the monitors need to give up an OSD that is silent."""


@pytest.fixture
def world(cluster: CephCluster) -> Iterator[CephWorld]:
    """An operator of it."""
    with real_world(cluster) as made:
        yield made


class Bench:
    """Calls of ``run`` for one server with two volumes."""

    def __init__(self, cluster: CephCluster, world: CephWorld, folder: Path) -> None:
        self.ceph = ClusterPort(str(cluster.config_file), SNAPSHOTS, TIMEOUT)
        self.images = [world.new_image() for _ in range(2)]
        names = {image.ref: image.name for image in self.ceph.images(POOL)}
        volumes = ",".join(names[ref].removeprefix("volume-") for ref in self.images)
        (folder / "servers.txt").write_text(f"{SERVER}\tacme\tweb\t{volumes}\n")
        (folder / "sched.yml").write_text("web: 2@2\n")
        self.schedule = load_schedule(str(folder / "sched.yml"), str(folder / "servers.txt"))
        self.engine = open_command_database(f"sqlite:///{folder}/state.db")
        self.events: list[SnapshotEvent] = []
        for ref in self.images:
            self.ceph.create(ref, "daily_20200101T000000Z")  # a stranger's, with a name as ours

    def run(self) -> None:
        """Make a copy of each volume."""
        SnapshotSession(self.ceph, self.engine, SnapshotSettings(), self.schedule, self.events.append).run(
            [], "", prune=False
        )

    def names(self, image: ImageRef) -> list[str]:
        """The names of the snapshots of an image."""
        return [snapshot.name for snapshot in self.ceph.snapshots(image)]

    def recorded(self) -> list[str]:
        """The names that are recorded as copies."""
        return sorted(copy.name for copy in SnapshotStore(self.engine, self.ceph.fsid).read().copies)


@pytest.fixture
def bench(cluster: CephCluster, world: CephWorld, tmp_path: Path) -> Iterator[Bench]:
    """Calls of ``run``; afterwards what strangers have is there, and exactly ours is recorded."""
    made = Bench(cluster, world, tmp_path)
    yield made
    ours = []
    for image in made.images:
        first, *others = made.names(image)
        assert first == "daily_20200101T000000Z"
        ours += others
    assert made.recorded() == sorted(ours)
    made.ceph.close()
    made.engine.dispose()


def test_copies_are_made_and_the_count_is_kept(bench: Bench) -> None:
    for _ in range(4):
        bench.run()
    assert [len(bench.names(image)) for image in bench.images] == [3, 3]


def test_what_a_silent_osd_leaves_is_found_by_a_later_run(
    bench: Bench, cluster: CephCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ClusterPort.create
    hasty = ClusterPort(str(cluster.config_file), SNAPSHOTS, SHORT_TIMEOUT)

    def unanswered(self: ClusterPort, image: ImageRef, name: str) -> None:
        with silent_osd(cluster):
            create(self, image, name)

    with monkeypatch.context() as patch:
        patch.setattr(ClusterPort, "create", unanswered)
        patch.setattr(bench, "ceph", hasty)
        with suppress(GlanceSyncError):  # the lock is too old by then, perhaps
            bench.run()
    assert [event for event in bench.events if isinstance(event, CopyMade)] == []
    open_ones = SnapshotStore(bench.engine, bench.ceph.fsid).read().intents
    assert len(open_ones) == 2
    end = time.monotonic() + SOON  # they appear in some of the cases only
    while time.monotonic() < end and not all(intent.name in bench.names(intent.image) for intent in open_ones):
        time.sleep(0.2)
    appeared = [intent.name for intent in open_ones if intent.name in bench.names(intent.image)]
    bench.run()
    assert set(appeared) <= set(bench.recorded())
    hasty.close()


def test_a_wrong_configuration_is_named_with_its_key(cluster: CephCluster, tmp_path: Path) -> None:
    conf = str(cluster.config_file)
    with pytest.raises(CephError, match=r"no connection to Ceph by .* as client.nobody; see ceph_conf and ceph_user"):
        ClusterPort(conf, "nobody", TIMEOUT)
    with pytest.raises(ConfigError, match=r"ceph_conf: .*/none cannot be read: No such file or directory; copy it"):
        ClusterPort(str(tmp_path / "none"), SNAPSHOTS, TIMEOUT)
    ceph = ClusterPort(conf, SNAPSHOTS, TIMEOUT)
    with pytest.raises(CephError, match="the cluster has no pool nowhere; see ceph_pool, backend_pools and"):
        ceph.lock("nowhere", "lock", "holder", 10)
    ceph.close()
