"""The port to a cluster: what the program needs of Ceph (snapshots 5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .ceph_model import ClusterHealth, ImageRef, SeenSnapshot


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image as its pool lists it.

    :param name: that it has, or had before it came into the trash
    """

    ref: ImageRef
    name: str
    is_trashed: bool = False


class Ceph(Protocol):
    """A cluster. Every call raises ``CephError``, and none lasts longer than the timeout of the connection."""

    @property
    def fsid(self) -> str:
        """The id of the cluster."""

    def images(self, pool: str) -> Sequence[SeenImage]:
        """All images of a pool, those in its trash too, in no order."""

    def keep_open(self, images: Collection[ImageRef]) -> AbstractContextManager[None]:
        """Say that several requests about some images follow, which need not open them anew each time.

        What other clients change meanwhile is seen. An image that cannot be opened fails the requests, not this one.
        """

    def snapshots(self, image: ImageRef) -> Sequence[SeenSnapshot]:
        """All snapshots of an image, of any namespace, in the order of their ids.

        :raises ImageNotFound: the image is not there
        """

    def made_at(self, image: ImageRef, snapshot_id: int) -> datetime:
        """When a snapshot was made, in UTC.

        :raises ImageNotFound: the image is not there
        :raises SnapshotNotFound: the snapshot is not there
        """

    def sizes(self, image: ImageRef) -> Mapping[int, int]:
        """How many bytes of an image each snapshot has that the one before did not have, by its id.

        Objects that were written to count whole. Snapshots of which that cannot be found out quickly are missing: only
        an image with the feature *fast-diff* says it without being read.

        :raises ImageNotFound: the image is not there
        """

    def create(self, image: ImageRef, name: str) -> None:
        """Make a snapshot.

        :raises ImageNotFound: the image is not there
        :raises NameTaken: it has a snapshot of this name
        """

    def remove(self, image: ImageRef, snapshot_id: int) -> None:
        """Remove a snapshot in the namespace *user*; one with clones of version 2 goes into the namespace *trash*.

        One without clones goes through that namespace too, and stays there when the removal is interrupted. It can be
        removed again there.

        :raises ImageNotFound: the image is not there
        :raises SnapshotNotFound: the snapshot is not there
        :raises SnapshotInUse: it is protected, or has clones
        """

    def is_protected(self, image: ImageRef, snapshot_id: int) -> bool:
        """Whether a snapshot is protected.

        :raises SnapshotNotFound: the snapshot is not there
        """

    def children(self, image: ImageRef, snapshot_id: int) -> int | None:
        """How many clones a snapshot has, None when that cannot be found out, for example without rights.

        :raises SnapshotNotFound: the snapshot is not there
        """

    def health(self) -> ClusterHealth:
        """Health checks, and how full the cluster and its pools are."""

    def lock(self, pool: str, name: str, holder: str, seconds: int) -> None:
        """Take a lock, or renew one's own. It ends by itself.

        :param pool: where it is
        :param name: of the lock
        :param holder: who takes it, for whoever finds it held
        :param seconds: until it ends
        :raises LockHeld: another client has it; the text names its holder
        """

    def unlock(self, pool: str, name: str) -> None:
        """Give one's own lock back; without it nothing happens."""

    def close(self) -> None:
        """End the connection."""
