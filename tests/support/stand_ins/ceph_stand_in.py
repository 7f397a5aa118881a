"""A cluster in memory, for tests: what librbd does with images and snapshots, at once and on cue with failures."""

from __future__ import annotations

import itertools
import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timezone

from fiwareglancesync.snapshots.ceph.ceph_errors import (
    Blocklisted,
    CephError,
    ImageNotFound,
    NameTaken,
    NoAnswer,
    SnapshotInUse,
    SnapshotNotFound,
    UnreadableName,
    lock_held,
)
from fiwareglancesync.snapshots.ceph.ceph_model import ClusterHealth, ImageRef, Namespace, SeenSnapshot, Usage
from fiwareglancesync.snapshots.ceph.ceph_port import SeenImage

HEALTHY = ClusterHealth(cluster=Usage(10, 100), pools={"volumes": Usage(1, 90), "vms": Usage(0, 90)})


@dataclass
class StoredImage:
    """An image with its snapshots.

    :param is_unreadable: whether a name is not UTF-8
    :param clones: how many clones a snapshot has, by its id
    """

    name: str
    is_trashed: bool = False
    is_unreadable: bool = False
    has_fast_diff: bool = True
    snapshots: dict[int, SeenSnapshot] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)
    clones: dict[int, int] = field(default_factory=dict)


@dataclass
class StoredCluster:
    """What clients of one cluster share.

    :param late: creations that are not answered, and done when ``let_appear`` is called
    :param excluded: clients that are blocklisted
    :param made: when snapshots were made, by their ids
    :param calls: takes the names of requests, None when they are not counted
    """

    fsid: str = field(default_factory=lambda: str(uuid.uuid4()))  # its locks are for the whole machine
    images: dict[ImageRef, StoredImage] = field(default_factory=dict)
    health: ClusterHealth = HEALTHY
    locks: dict[tuple[str, str], CephStandIn] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    is_silent: bool = False
    late: list[tuple[ImageRef, str]] = field(default_factory=list)
    excluded: list[CephStandIn] = field(default_factory=list)
    excludes_all: bool = False
    made: dict[int, datetime] = field(default_factory=dict)
    calls: list[str] | None = None

    def let_appear(self) -> None:
        """Do what was requested while the cluster did not answer."""
        for image, name in self.late:
            self.add(image, name)
        self.late.clear()

    def add(self, image: ImageRef, name: str, namespace: Namespace = Namespace.USER) -> int:
        """Make a snapshot, as anybody may.

        :returns: its id
        """
        id = next(self.ids)
        self.images[image].snapshots[id] = SeenSnapshot(id, name, namespace)
        self.made[id] = datetime.now(timezone.utc)
        return id


class CephStandIn:
    """One client of a cluster."""

    def __init__(self, cluster: StoredCluster) -> None:
        self._cluster = cluster
        self.holders: dict[tuple[str, str], str] = {}

    @property
    def fsid(self) -> str:
        return self._cluster.fsid

    def images(self, pool: str) -> Sequence[SeenImage]:
        self._check()
        if pool not in self._cluster.health.pools:
            raise CephError(f"pool {pool}: it is not there")
        found = self._cluster.images.items()
        return [SeenImage(ref, image.name, image.is_trashed) for ref, image in found if ref.pool == pool]

    def keep_open(self, images: Collection[ImageRef]) -> AbstractContextManager[None]:
        return nullcontext()

    def snapshots(self, image: ImageRef) -> Sequence[SeenSnapshot]:
        self._check()
        if self._image(image).is_unreadable:
            raise UnreadableName(f"image {image.id} in pool {image.pool}: a name there is not UTF-8; rename it")
        return sorted(self._image(image).snapshots.values(), key=lambda each: each.id)

    def made_at(self, image: ImageRef, snapshot_id: int) -> datetime:
        self._snapshot(image, snapshot_id)
        return self._cluster.made.get(snapshot_id, datetime.now(timezone.utc))

    def sizes(self, image: ImageRef) -> Mapping[int, int]:
        self._check()
        stored = self._image(image)
        users = [id for id, each in stored.snapshots.items() if each.namespace is Namespace.USER]
        return dict.fromkeys(users, 4 * 2**20) if stored.has_fast_diff else {}

    def create(self, image: ImageRef, name: str) -> None:
        if self._cluster.is_silent:
            self._cluster.late.append((image, name))
        self._check()
        if any(each.name == name for each in self._image(image).snapshots.values()):
            raise NameTaken(f"image {image.id} has a snapshot {name}")
        self._cluster.add(image, name)

    def remove(self, image: ImageRef, snapshot_id: int) -> None:
        found = self._snapshot(image, snapshot_id)
        stored = self._image(image)
        if snapshot_id in stored.protected or found.namespace not in (Namespace.USER, Namespace.TRASH):
            raise SnapshotInUse(f"snapshot {found.name} of image {image.id} is protected")
        if stored.clones.get(snapshot_id):  # clones of version 2 keep it
            trashed = SeenSnapshot(snapshot_id, f"trashed-{snapshot_id}", Namespace.TRASH, found.name)
            stored.snapshots[snapshot_id] = trashed
        else:
            del stored.snapshots[snapshot_id]

    def is_protected(self, image: ImageRef, snapshot_id: int) -> bool:
        self._snapshot(image, snapshot_id)
        return snapshot_id in self._image(image).protected

    def children(self, image: ImageRef, snapshot_id: int) -> int | None:
        self._snapshot(image, snapshot_id)
        return self._image(image).clones.get(snapshot_id, 0)

    def health(self) -> ClusterHealth:
        self._check()
        return self._cluster.health

    def lock(self, pool: str, name: str, holder: str, seconds: int) -> None:
        self._check()
        found = self._cluster.locks.setdefault((pool, name), self)
        if found is not self:
            raise lock_held(name, pool, found.holders[pool, name])
        self.holders[pool, name] = holder

    def unlock(self, pool: str, name: str) -> None:
        self._check()
        if self._cluster.locks.get((pool, name)) is self:
            del self._cluster.locks[pool, name]

    def close(self) -> None:
        for key in [key for key, holder in self._cluster.locks.items() if holder is self]:
            del self._cluster.locks[key]

    def _check(self) -> None:
        if self._cluster.calls is not None:
            self._cluster.calls.append(sys._getframe(1).f_code.co_name)
        if self._cluster.excludes_all or self in self._cluster.excluded:
            raise Blocklisted("the cluster has excluded this client")
        if self._cluster.is_silent:
            raise NoAnswer("the cluster does not answer")

    def _image(self, image: ImageRef) -> StoredImage:
        if image not in self._cluster.images:
            raise ImageNotFound(f"image {image.id} is not in pool {image.pool}")
        return self._cluster.images[image]

    def _snapshot(self, image: ImageRef, snapshot_id: int) -> SeenSnapshot:
        self._check()
        found = self._image(image).snapshots.get(snapshot_id)
        if found is None:
            raise SnapshotNotFound(f"image {image.id} has no snapshot {snapshot_id}")
        return found
