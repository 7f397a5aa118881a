"""What a cluster does for the program: the stand-in and real Ceph do the same (snapshots 5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.snapshots.ceph.ceph_errors import (
    CephError,
    ImageNotFound,
    LockHeld,
    NameTaken,
    SnapshotInUse,
    SnapshotNotFound,
    UnreadableName,
)
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace
from fiwareglancesync.snapshots.ceph.ceph_port import Ceph
from tests.support.ceph_clusters import POOL, CephWorld, memory_world, real_world, running_ceph

NOWHERE = ImageRef(POOL, "0123456789ab")
REAL = pytest.param("real", marks=[pytest.mark.integration, pytest.mark.ceph])


@pytest.fixture(scope="module", params=["stand-in", REAL])
def world(request: pytest.FixtureRequest, root: Path) -> Iterator[CephWorld]:
    """A cluster with an operator."""
    if request.param == "stand-in":
        with memory_world() as made:
            yield made
    else:
        with real_world(running_ceph(root)) as made:
            yield made


@pytest.fixture(scope="module")
def ceph(world: CephWorld) -> Ceph:
    """The cluster, with the rights of the program."""
    return world.connect()


@pytest.fixture(params=[False, True], ids=["opened anew", "kept open"])
def image(request: pytest.FixtureRequest, world: CephWorld, ceph: Ceph) -> Iterator[ImageRef]:
    """A new image, which each request opens anew, or which is kept open."""
    made = world.new_image()
    with ceph.keep_open([made] if request.param else []):
        yield made


def names(ceph: Ceph, image: ImageRef) -> list[str]:
    return [each.name for each in ceph.snapshots(image)]


def made(ceph: Ceph, image: ImageRef, name: str) -> int:
    """Make a snapshot; its id."""
    ceph.create(image, name)
    return next(each.id for each in ceph.snapshots(image) if each.name == name)


def test_a_pool_lists_its_images_with_their_ids(world: CephWorld, ceph: Ceph, image: ImageRef) -> None:
    world.rename(image, f"{image.id}.deleted")
    [found] = [each for each in ceph.images(POOL) if each.ref == image]
    assert (found.name, found.is_trashed) == (f"{image.id}.deleted", False)
    with pytest.raises(CephError, match="no-such-pool"):
        ceph.images("no-such-pool")


def test_an_image_whose_name_is_not_utf8_keeps_no_other_one_from_being_listed(
    world: CephWorld, ceph: Ceph, image: ImageRef
) -> None:
    odd = world.new_image()
    world.rename(odd, b"odd-\xff")
    for is_trashed in (False, True):
        if is_trashed:
            world.trash(odd)
        found = {each.ref: each for each in ceph.images(POOL)}
        assert (found[odd].name, found[odd].is_trashed) == ("odd-\\xff", is_trashed)
        assert found[image].name.startswith("volume-")
        with pytest.raises(UnreadableName):
            ceph.snapshots(odd)
    world.empty_trash_of(odd)  # commands end with 1 while there is such an image
    assert odd not in [each.ref for each in ceph.images(POOL)]


def test_an_image_in_the_trash_is_listed_and_its_snapshots_can_be_removed(
    world: CephWorld, ceph: Ceph, image: ImageRef
) -> None:
    id = made(ceph, image, "daily_1")
    world.trash(image)
    [found] = [each for each in ceph.images(POOL) if each.ref == image]
    assert found.is_trashed
    assert names(ceph, image) == ["daily_1"]
    ceph.remove(image, id)
    assert names(ceph, image) == []


def test_snapshots_are_listed_by_their_ids_which_grow(ceph: Ceph, image: ImageRef) -> None:
    assert ceph.snapshots(image) == []
    ids = [made(ceph, image, name) for name in ("b", "a", "c")]
    assert names(ceph, image) == ["b", "a", "c"]
    assert ids == sorted(ids)
    assert {each.namespace for each in ceph.snapshots(image)} == {Namespace.USER}


def test_what_other_clients_do_is_seen_at_once(world: CephWorld, ceph: Ceph, image: ImageRef) -> None:
    other = world.connect()
    id = made(ceph, image, "daily_1")
    other.create(image, "theirs")
    assert names(ceph, image) == ["daily_1", "theirs"]
    other.remove(image, id)
    assert names(ceph, image) == ["theirs"]
    with pytest.raises(SnapshotNotFound):
        ceph.remove(image, id)


def test_an_image_that_is_not_there_can_be_kept_open(ceph: Ceph) -> None:
    with ceph.keep_open([NOWHERE]), pytest.raises(ImageNotFound):
        ceph.snapshots(NOWHERE)


def test_an_image_can_be_kept_open_twice(ceph: Ceph, image: ImageRef) -> None:
    with ceph.keep_open([image]), ceph.keep_open([image]):
        ceph.create(image, "a")
    ceph.create(image, "b")
    assert names(ceph, image) == ["a", "b"]


def test_when_a_snapshot_was_made_is_known(ceph: Ceph, image: ImageRef) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    ceph.create(image, "a")
    (snapshot,) = ceph.snapshots(image)
    assert before <= ceph.made_at(image, snapshot.id) <= datetime.now(timezone.utc) + timedelta(seconds=2)
    with pytest.raises(SnapshotNotFound):
        ceph.made_at(image, snapshot.id + 1)


def test_a_name_that_is_taken_is_refused(ceph: Ceph, image: ImageRef) -> None:
    ceph.create(image, "daily_1")
    with pytest.raises(NameTaken) as refused:
        ceph.create(image, "daily_1")
    assert refused.value.is_definite


def test_a_removed_snapshot_is_gone_and_its_id_is_not_used_again(ceph: Ceph, image: ImageRef) -> None:
    first = made(ceph, image, "daily_1")
    ceph.remove(image, first)
    assert names(ceph, image) == []
    assert made(ceph, image, "daily_1") > first
    with pytest.raises(SnapshotNotFound):
        ceph.remove(image, first)


def test_what_is_not_there_is_not_found(ceph: Ceph, image: ImageRef) -> None:
    with pytest.raises(ImageNotFound):
        ceph.snapshots(NOWHERE)
    with pytest.raises(ImageNotFound):
        ceph.create(NOWHERE, "daily_1")
    for call in (ceph.remove, ceph.is_protected, ceph.children):
        with pytest.raises(SnapshotNotFound):
            call(image, 999_999)


def test_a_protected_snapshot_is_known_and_stays(world: CephWorld, ceph: Ceph, image: ImageRef) -> None:
    id = made(ceph, image, "daily_1")
    assert not ceph.is_protected(image, id)
    world.protect(image, "daily_1")
    assert ceph.is_protected(image, id)
    with pytest.raises(SnapshotInUse):
        ceph.remove(image, id)
    assert names(ceph, image) == ["daily_1"]


def test_a_snapshot_with_a_clone_lingers_in_the_trash_when_it_is_removed(
    world: CephWorld, ceph: Ceph, image: ImageRef
) -> None:
    id = made(ceph, image, "daily_1")
    assert ceph.children(image, id) == 0
    world.clone(image, "daily_1")
    assert ceph.children(image, id) == 1
    ceph.remove(image, id)
    [left] = ceph.snapshots(image)
    assert (left.id, left.namespace, left.original_name) == (id, Namespace.TRASH, "daily_1")
    assert left.name != "daily_1"


def test_how_full_everything_is_is_known(ceph: Ceph) -> None:
    health = ceph.health()
    assert 0 < health.cluster.used < health.cluster.total
    assert health.pools[POOL].total > 0
    assert not any("FULL" in check for check in health.checks)
    assert ceph.fsid


def test_one_client_has_a_lock_at_a_time_and_may_renew_it(world: CephWorld, ceph: Ceph) -> None:
    other = world.connect()
    name = f"snapmanager.{ceph.fsid}"
    ceph.lock(POOL, name, "first", 60)
    ceph.lock(POOL, name, "first", 60)
    with pytest.raises(LockHeld, match=r"^another process \(first\) has the lock snapmanager\..* in pool volumes; "):
        other.lock(POOL, name, "second", 60)
    other.unlock(POOL, name)
    with pytest.raises(LockHeld):
        other.lock(POOL, name, "second", 60)
    ceph.unlock(POOL, name)
    other.lock(POOL, name, "second", 60)
    other.unlock(POOL, name)
    other.unlock(POOL, name)


def test_an_image_with_fast_diff_says_how_much_each_snapshot_has(ceph: Ceph, image: ImageRef) -> None:
    first, second = made(ceph, image, "daily_1"), made(ceph, image, "daily_2")
    sizes = ceph.sizes(image)
    assert sizes.keys() == {first, second}
    assert sizes[first] == 4 * 2**20
    with pytest.raises(ImageNotFound):
        ceph.sizes(NOWHERE)
