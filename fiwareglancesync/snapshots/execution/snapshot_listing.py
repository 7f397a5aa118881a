"""All snapshots of the images of some pools, ours and others' (snapshots 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ..ceph.ceph_errors import ImageNotFound, UnreadableName
from ..ceph.ceph_model import ImageRef, SeenSnapshot
from ..ceph.ceph_port import Ceph
from ..planning.snapshot_records import SnapshotRecords
from ..snapshot_model import Copy


@dataclass(frozen=True, slots=True)
class ListedSnapshot:
    """A snapshot.

    :param image: name of its image
    :param set_name: "" when it is not ours
    :param slot: of a copy of ours, None for the others
    :param pool: of the image
    :param size: in bytes, None when it is not known
    """

    image: str
    snapshot: SeenSnapshot
    set_name: str = ""
    slot: datetime | None = None
    pool: str = ""
    size: int | None = None


def list_snapshots(
    ceph: Ceph,
    pools: Iterable[str],
    records: SnapshotRecords,
    unreadable: Callable[[UnreadableName], None],
    *,
    with_sizes: bool = False,
) -> Iterator[ListedSnapshot]:
    """List the snapshots of all images of some pools, by the name of the image and the age of the snapshot.

    :param records: which are ours
    :param unreadable: takes why the snapshots of an image cannot be listed
    :param with_sizes: whether to find out their sizes
    :raises CephError: the cluster cannot be read
    """
    ours: dict[tuple[ImageRef, int], Copy] = {
        (copy.image, copy.snapshot_id): copy for copy in (*records.copies, *records.lingering)
    }
    images = [image for pool in pools for image in ceph.images(pool)]
    for image in sorted(images, key=lambda each: (each.name, each.ref)):
        try:
            found = ceph.snapshots(image.ref)
            sizes = ceph.sizes(image.ref) if with_sizes and found else {}
        except ImageNotFound:  # it was removed meanwhile
            continue
        except UnreadableName as error:
            unreadable(error)
            continue
        for snapshot in found:
            copy = ours.get((image.ref, snapshot.id))
            set_name, slot = (copy.set_name, copy.slot) if copy else ("", None)
            yield ListedSnapshot(image.name, snapshot, set_name, slot, image.ref.pool, sizes.get(snapshot.id))
