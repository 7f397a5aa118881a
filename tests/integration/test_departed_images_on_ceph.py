"""Volumes that were deleted, on a real cluster: our copies go, what strangers have stays (snapshots 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.ceph.ceph_cluster import CephCluster
from devcloud_lib.volumes.server_table import CEPH_BACKEND
from devcloud_lib.waiting import wait_for

from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.inventory.inventory_source import OpenStackInventory
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, VolumeLocation
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.departing_volumes import SERVER, STRANGERS, Departing, clone_of
from tests.support.development_volumes import Volumes, running_volumes

pytestmark = [pytest.mark.integration, pytest.mark.ceph]


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server; afterwards what strangers have is as it was."""
    made = Departing(cluster, tmp_path)
    yield made
    made.check_strangers()
    made.close()


@pytest.mark.parametrize("delay", [0, 3600])
def test_the_space_of_a_deleted_volume_comes_back(world: Departing, delay: int) -> None:
    volume, kept = world.add_volume(), world.add_volume(*STRANGERS)
    for _ in range(2):
        world.run()
    world.delete(volume, delay=delay)
    assert not world.purge(volume)
    world.run()  # sees that it has departed
    world.run()
    assert world.removed() == [volume, volume]
    assert world.purge(volume)
    assert len(world.names(kept)) == len(STRANGERS) + 3


def test_snapshots_of_strangers_keep_a_deleted_volume_and_stay(world: Departing) -> None:
    volume = world.add_volume(*STRANGERS)
    world.run()
    world.delete(volume)
    for _ in range(3):
        world.run()
    assert world.names(volume) == list(STRANGERS)
    assert not world.purge(volume)


def test_an_image_that_cinder_keeps_for_its_clones_is_treated_alike(world: Departing) -> None:
    volume = world.add_volume("of.clone_snap")
    world.run()
    world.delete(volume)
    assert f"volume-{volume}.deleted" in {image.name for image in world.ceph.images("volumes")}
    for _ in range(2):
        world.run()
    assert world.names(volume) == ["of.clone_snap"]


def test_copies_that_are_protected_renamed_or_cloned_stay(world: Departing) -> None:
    volume = world.add_volume()
    for _ in range(3):
        world.run()
    protected, renamed, cloned = world.names(volume)
    with world.open_image(volume) as image:
        image.protect_snap(protected)
        image.rename_snap(renamed, "for-the-auditor")
    world.rbd.RBD().clone(world.pool, f"volume-{volume}", protected, world.pool, clone_of(volume), features=1)
    with world.open_image(volume) as image:
        image.protect_snap(cloned)
    world.delete(volume)
    for _ in range(3):
        world.run()
    assert set(world.names(volume)) == {protected, "for-the-auditor", cloned}
    with world.open_image(volume) as image:
        image.unprotect_snap(cloned)
    world.run()
    assert set(world.names(volume)) == {protected, "for-the-auditor"}


@pytest.mark.parametrize("knowledge", ["own project", "listed"])
def test_incomplete_knowledge_removes_nothing(world: Departing, knowledge: str) -> None:
    volume = world.add_volume()
    world.run()
    world.delete(volume)
    for _ in range(3):
        if knowledge == "listed":
            world.run(inventory=[volume])
        else:
            world.run(covers_all=False)
    assert (world.removed(), len(world.names(volume))) == ([], 1)


def test_copies_of_a_volume_that_was_detached_are_orphans_and_go_on_request(world: Departing) -> None:
    volume = world.add_volume(*STRANGERS)
    for _ in range(3):
        world.run()
    world.volumes.remove(volume)
    world.run(inventory=[volume])
    assert len(world.names(volume)) == len(STRANGERS) + 3
    newest = world.names(volume)[-1]
    world.run(inventory=[volume], orphans=True)
    assert world.names(volume) == [*STRANGERS, newest]


@pytest.mark.parametrize(
    ("request_name", "strangers"),
    [("snapshots", ()), ("snapshots", STRANGERS), ("create", STRANGERS), ("remove", ()), ("remove", STRANGERS)],
)
def test_a_volume_that_is_deleted_in_the_middle_of_a_run_leaves_no_copy(
    world: Departing, monkeypatch: pytest.MonkeyPatch, request_name: str, strangers: tuple[str, ...]
) -> None:
    volume, kept = world.add_volume(*strangers), world.add_volume(*STRANGERS)
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    if request_name == "remove":
        world.run()
    method = getattr(ClusterPort, request_name)

    def preceded(self: ClusterPort, image: ImageRef, *words: Any) -> Any:
        if image == world.images[volume] and volume in world.volumes:
            world.delete(volume)
        return method(self, image, *words)

    with monkeypatch.context() as patch:
        patch.setattr(ClusterPort, request_name, preceded)
        world.run(inventory=[volume, kept])
    for _ in range(2):
        world.run()
    there = {image.ref for image in world.ceph.images("volumes")}
    assert world.images[volume] not in there or world.names(volume) == list(strangers)
    assert {copied for copied, _ in world.recorded()} == {kept}


def test_the_records_of_an_image_that_is_gone_are_closed(world: Departing) -> None:
    volume = world.add_volume()
    world.run()
    name = world.names(volume)[0]
    with world.open_image(volume) as image:
        image.remove_snap(name)
    world.delete(volume)
    world.run()
    assert SnapshotStore(world.engine, world.ceph.fsid).read().copies == []


@pytest.mark.volumes
def test_a_volume_that_cinder_itself_deletes_loses_our_copies(world: Departing, root: Path) -> None:
    volumes = running_volumes(root)
    source = OpenStackInventory(_credential(volumes), "Spain")
    made = volumes.created("demo", "demo", "volume", name="departing", size=1, volume_type=CEPH_BACKEND)["id"]
    world.take_over(made)
    before = source.read().record
    assert before.volumes[made].host == f"devcloud@{CEPH_BACKEND}#{CEPH_BACKEND}"
    world.run_after(before)
    api, path = volumes.cinder("demo", "demo")
    api.call("DELETE", f"{path}/volumes/{made}")
    assert wait_for(lambda: made not in volumes.listed("demo", "volumes"), 60.0)
    assert world.images[made] in {image.ref for image in world.ceph.images("volumes") if image.is_trashed}
    world.volumes.remove(made)
    for _ in range(2):
        world.run_after(source.read().record)
    assert world.removed() == [made]
    assert world.purge(made)


def _credential(volumes: Volumes) -> Credential:
    account = volumes.accounts["backup"]
    return Credential(
        auth_url=volumes.cloud.services["keystone-a"].url, username=account.user, password=account.password,
        project_id=account.project_id,
    )  # fmt: skip


class TestMoved:
    """A volume that Cinder moves into another pool; the names of its copies, those of the old image first."""

    HOST = "node@ssd#ssd"

    def copies(self, world: Departing, old: ImageRef, volume: str) -> list[list[str]]:
        listed = [[each.name for each in world.ceph.snapshots(ref)] for ref in (old, world.images[volume])]
        return [[name for name in names if name not in STRANGERS] for names in listed]

    def run(self, world: Departing, volume: str, host: str, *, orphans: bool = False) -> None:
        location = {volume: VolumeLocation(host)}
        record = InventoryRecord(datetime.now(timezone.utc), True, location, frozenset({SERVER}))
        world.run_after(record, orphans=orphans)

    def test_its_copies_are_replaced_one_by_one_and_the_old_image_can_go(self, world: Departing) -> None:
        world.settings = replace(world.settings, backend_pools=(("ssd", "vms"),))
        volume = world.add_volume()
        old = world.images[volume]
        for _ in range(3):
            self.run(world, volume, "node@hdd#hdd")
        world.move(volume, "vms")
        counts = []
        for _ in range(3):
            self.run(world, volume, self.HOST)
            counts.append([len(names) for names in self.copies(world, old, volume)])
        assert counts == [[2, 1], [1, 2], [0, 3]]
        assert len(world.recorded()) == 3
        world.rbd.RBD().trash_remove(world.pool, old.id)

    def test_without_knowing_where_it_is_nothing_goes(self, world: Departing) -> None:
        world.settings = replace(world.settings, backend_pools=(("ssd", "vms"),))
        volume = world.add_volume(*STRANGERS)
        for _ in range(3):
            self.run(world, volume, "node@hdd#hdd")
        before = world.names(volume)
        for orphans in (False, True):
            self.run(world, volume, self.HOST, orphans=orphans)  # there is no such image there
        assert world.names(volume) == before
