"""The image of a volume is the live one of its name in its pool, as long as it is certainly the volume's."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, ImageState
from fiwareglancesync.snapshots.ceph.ceph_port import SeenImage
from fiwareglancesync.snapshots.inventory.server_inventory import VolumeLocation
from fiwareglancesync.snapshots.planning.snapshot_records import KnownImage
from fiwareglancesync.snapshots.planning.volume_images import Pools, VolumeImages, find_images, image_states, with_disks
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from tests.support.snapshot_records import DAY, IMAGE, NOW

OTHER = ImageRef("volumes", "f0f0")
FAST = ImageRef("fast", "1a2b")
LIVE = SeenImage(IMAGE, "volume-v1")
POOLS = Pools("volumes", {"ssd": "fast", "node2@ssd": "slow", "node3@ssd#one": "one"}, "vms")


def find(
    *seen: SeenImage,
    known: dict[str, KnownImage] | None = None,
    at: VolumeLocation | None = None,
    volume: str = "v1",
) -> VolumeImages:
    return find_images([volume, volume], seen, known or {}, {volume: at} if at else {}, POOLS, NOW)


def test_an_image_is_found_by_its_name_and_recorded_once() -> None:
    found = find(LIVE)
    assert (found.by_volume, found.new, found.warnings) == (
        {"v1": IMAGE}, {"v1": KnownImage(IMAGE, "volume-v1", NOW)}, (),
    )  # fmt: skip
    again = find_images(["v1"], [LIVE], found.new, {}, POOLS, NOW + DAY)
    assert (again.by_volume, again.new) == ({"v1": IMAGE}, {})


@pytest.mark.parametrize(
    "seen",
    [
        SeenImage(IMAGE, "volume-v1", is_trashed=True),
        SeenImage(IMAGE, "volume-v1.deleted"),
        SeenImage(FAST, "volume-v1"),
    ],
)
def test_nothing_is_made_of_what_is_no_volume(seen: SeenImage) -> None:
    found = find(seen)
    assert (found.by_volume, found.warnings) == (
        {}, ("volume v1 has no image volume-v1 in pool volumes: it is left out",)
    )  # fmt: skip


def test_a_volume_that_never_had_an_image_is_reported_once_until_it_is_expected_elsewhere() -> None:
    first = find()
    assert first.new == {"v1": KnownImage(ImageRef("volumes", ""), "volume-v1", NOW)}
    known = dict(first.new)
    assert (find(known=known).warnings, find(known=known).new) == ((), {})
    moved = find(known=known, at=VolumeLocation("node1@ssd#ssd"))
    assert moved.warnings == ("volume v1 has no image volume-v1 in pool fast: it is left out",)
    assert find(known=dict(moved.new), at=VolumeLocation("node1@ssd#ssd")).warnings == ()
    there = find(LIVE, known=known)
    assert (there.by_volume, there.new, there.warnings) == (
        {"v1": IMAGE}, {"v1": KnownImage(IMAGE, "volume-v1", NOW)}, ()
    )  # fmt: skip


def test_a_volume_whose_image_is_gone_is_reported_each_time_and_its_record_stays() -> None:
    found = find(known={"v1": KnownImage(IMAGE, "volume-v1", NOW)})
    assert (len(found.warnings), found.new) == (1, {})


def test_another_image_of_the_name_is_left_out() -> None:
    known = {"v1": KnownImage(IMAGE, "volume-v1", NOW)}
    found = find(SeenImage(OTHER, "volume-v1"), known=known)
    assert (found.by_volume, found.new) == ({}, {})
    assert found.warnings == (
        "volume v1 had the image 1a2b, and now volume-v1 is another one, f0f0: it is left out",
    )


def test_another_image_is_the_volumes_where_cinder_says_so() -> None:
    known = {"v1": KnownImage(IMAGE, "volume-v1", NOW - DAY)}
    at = VolumeLocation("node1@ssd#ssd", "v9")
    found = find(LIVE, SeenImage(FAST, "volume-v9"), known=known, at=at)
    assert (found.by_volume, found.new) == ({"v1": FAST}, {"v1": KnownImage(FAST, "volume-v9", NOW)})


@pytest.mark.parametrize(
    ("host", "pool"),
    [
        ("", "volumes"),
        ("node1@hdd#hdd", "volumes"),
        ("node1@ssd#ssd", "fast"),
        ("node1@ssd", "fast"),
        ("node2@ssd#ssd", "slow"),
        ("node3@ssd#one", "one"),
        ("node3@ssd#two", "fast"),
    ],
)
def test_the_pool_is_that_of_the_backend(host: str, pool: str) -> None:
    assert POOLS.of_host(host) == pool


def test_all_pools_are_listed_once() -> None:
    assert POOLS.all == ["fast", "one", "slow", "vms", "volumes"]
    assert Pools("volumes").all == ["volumes"]


class TestDisks:
    """The own disks of servers."""

    SERVER = ListedServer("s1", "acme", "web", ("v1",))
    DISK = SeenImage(ImageRef("vms", "d"), "s1_disk")

    def test_a_disk_is_a_further_volume(self) -> None:
        (found,) = with_disks([self.SERVER], [self.DISK], POOLS)
        assert found.volume_ids == ("v1", "s1_disk")
        assert find(self.DISK, volume="s1_disk").by_volume == {"s1_disk": self.DISK.ref}

    def test_a_disk_that_was_made_again_is_the_servers(self) -> None:
        known = {"s1_disk": KnownImage(ImageRef("vms", "old"), "s1_disk", NOW)}
        assert find(self.DISK, known=known, volume="s1_disk").by_volume == {"s1_disk": self.DISK.ref}

    @pytest.mark.parametrize("pools", [Pools("volumes"), Pools("volumes", vms="other")])
    def test_nothing_is_made_of_disks_elsewhere(self, pools: Pools) -> None:
        assert with_disks([self.SERVER], [self.DISK], pools) == [self.SERVER]

    def test_a_disk_in_the_trash_is_none(self) -> None:
        trashed = SeenImage(self.DISK.ref, "s1_disk", is_trashed=True)
        assert with_disks([self.SERVER], [trashed], POOLS) == [self.SERVER]


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ([LIVE], ImageState.LIVE),
        ([SeenImage(IMAGE, "other")], ImageState.RENAMED),
        ([SeenImage(IMAGE, "volume-v1.deleted")], ImageState.DELETED),
        ([SeenImage(IMAGE, "volume-v1", is_trashed=True)], ImageState.TRASHED),
        ([SeenImage(IMAGE, "volume-v1", is_trashed=True), LIVE], ImageState.TRASHED),
        ([SeenImage(OTHER, "volume-v1")], ImageState.GONE),
    ],
)
def test_images_are_followed_by_their_ids(seen: list[SeenImage], state: ImageState) -> None:
    assert image_states([IMAGE], seen, [KnownImage(IMAGE, "volume-v1", NOW)]) == {IMAGE: state}
