"""Clusters with an operator, for the conformance of the port to Ceph: one in memory, one that is real."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from devcloud_lib.ceph import ceph_cluster
from devcloud_lib.ceph.ceph_cluster import CINDER, SNAPSHOTS, CephCluster

from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings
from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.ceph.ceph_port import Ceph

from .cloud import missing, running_cloud
from .stand_ins.ceph_stand_in import CephStandIn, StoredCluster, StoredImage

POOL, CLONES = "volumes", "vms"
TIMEOUT = 15
MEBIBYTE = 2**20


class CephWorld(Protocol):
    """A cluster, and what an operator, Cinder and users do there."""

    def connect(self) -> Ceph:
        """A new client with the rights of the program."""

    def new_image(self) -> ImageRef:
        """Make an image as Cinder does."""

    def rename(self, image: ImageRef, name: str | bytes) -> None:
        """Give an image another name, perhaps one that is not UTF-8."""

    def trash(self, image: ImageRef) -> None:
        """Move an image into the trash."""

    def empty_trash_of(self, image: ImageRef) -> None:
        """Remove an image that is in the trash."""

    def protect(self, image: ImageRef, name: str) -> None:
        """Protect a snapshot."""

    def clone(self, image: ImageRef, name: str) -> None:
        """Clone a snapshot, with version 2."""


@dataclass
class MemoryWorld:
    """The stand-in."""

    cluster: StoredCluster

    def connect(self) -> Ceph:
        return CephStandIn(self.cluster)

    def new_image(self) -> ImageRef:
        ref = ImageRef(POOL, uuid.uuid4().hex[:12])
        self.cluster.images[ref] = StoredImage(f"volume-{uuid.uuid4()}")
        return ref

    def rename(self, image: ImageRef, name: str | bytes) -> None:
        stored = self.cluster.images[image]
        stored.is_unreadable = isinstance(name, bytes)
        stored.name = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name

    def trash(self, image: ImageRef) -> None:
        self.cluster.images[image].is_trashed = True

    def empty_trash_of(self, image: ImageRef) -> None:
        del self.cluster.images[image]

    def protect(self, image: ImageRef, name: str) -> None:
        self.cluster.images[image].protected.add(self._id(image, name))

    def clone(self, image: ImageRef, name: str) -> None:
        self.cluster.images[image].clones[self._id(image, name)] = 1

    def _id(self, image: ImageRef, name: str) -> int:
        return next(each.id for each in self.cluster.images[image].snapshots.values() if each.name == name)


class RealWorld:
    """The cluster of the development cloud, through librbd with the rights of Cinder."""

    def __init__(self, cluster: CephCluster) -> None:
        self._cluster = cluster
        self._bindings = load_bindings()
        self._rados = self._bindings.rados.Rados(conffile=str(cluster.config_file), rados_id=CINDER)
        self._rados.conf_set("rbd_default_clone_format", "2")
        self._rados.connect()
        self._volumes = self._rados.open_ioctx(POOL)
        self._clones = self._rados.open_ioctx(CLONES)
        self._made: dict[ImageRef, str | bytes] = {}
        self._connections: list[Ceph] = []

    def connect(self) -> Ceph:
        made = ClusterPort(str(self._cluster.config_file), SNAPSHOTS, TIMEOUT)
        self._connections.append(made)
        return made

    def new_image(self) -> ImageRef:
        rbd = self._bindings.rbd
        name = f"volume-{uuid.uuid4()}"
        rbd.RBD().create(self._volumes, name, 4 * MEBIBYTE)
        with rbd.Image(self._volumes, name) as opened:
            opened.write(b"content" * 100, 0)
            ref = ImageRef(POOL, opened.id())
        self._made[ref] = name
        return ref

    def rename(self, image: ImageRef, name: str | bytes) -> None:
        self._bindings.rbd.RBD().rename(self._volumes, self._made[image], name)
        self._made[image] = name

    def trash(self, image: ImageRef) -> None:
        self._bindings.rbd.RBD().trash_move(self._volumes, self._made[image])

    def empty_trash_of(self, image: ImageRef) -> None:
        self._bindings.rbd.RBD().trash_remove(self._volumes, image.id)

    def protect(self, image: ImageRef, name: str) -> None:
        with self._open(image) as opened:
            opened.protect_snap(name)

    def clone(self, image: ImageRef, name: str) -> None:
        rbd = self._bindings.rbd
        rbd.RBD().clone(self._volumes, self._made[image], name, self._clones, f"clone-{uuid.uuid4()}", features=1)

    def close(self) -> None:
        """End all connections."""
        for each in self._connections:
            each.close()
        for context in (self._volumes, self._clones):
            context.close()
        self._rados.shutdown()

    def _open(self, image: ImageRef) -> Any:
        return self._bindings.rbd.Image(self._volumes, self._made[image])


def running_ceph(root: Path) -> CephCluster:
    """The cluster of the development cloud; without it the test is skipped, or in CI has failed.

    :param root: the checkout
    """
    folder = running_cloud(root).parent
    if not ceph_cluster.exists(folder):
        missing("the development cloud has no Ceph; start it with: scripts/devcloud up --with ceph")
    return ceph_cluster.load(folder)


@contextmanager
def memory_world() -> Iterator[CephWorld]:
    """A cluster in memory."""
    yield MemoryWorld(StoredCluster())


@contextmanager
def real_world(cluster: CephCluster) -> Iterator[CephWorld]:
    """The cluster of a development cloud that runs."""
    made = RealWorld(cluster)
    try:
        yield made
    finally:
        made.close()
