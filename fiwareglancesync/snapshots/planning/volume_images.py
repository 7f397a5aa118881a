"""Which image of Ceph is whose volume, and what has become of images (snapshots 3.1, 4.5). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...base.text import show
from ..ceph.ceph_model import ImageRef, ImageState
from ..ceph.ceph_port import SeenImage
from ..inventory.server_inventory import DISK_SUFFIX, VolumeLocation
from ..schedule.server_list import ListedServer
from .snapshot_records import KnownImage

PREFIX = "volume-"
"""How Cinder begins the name of an image."""

DELETED_SUFFIX = ".deleted"
"""How Cinder ends the name of the image of a deleted volume that cannot be removed yet."""

NOWHERE = VolumeLocation()


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools with images.

    :param default: of volumes
    :param by_backend: of the volumes of some backends; these are named as Cinder shows them, without ``#pool``, or by
        the part after ``@``
    :param vms: of the own disks of servers, "" for none
    """

    default: str
    by_backend: Mapping[str, str] = field(default_factory=dict)
    vms: str = ""

    @property
    def all(self) -> list[str]:
        """Each pool once."""
        return sorted({self.default, *self.by_backend.values(), self.vms} - {""})

    def of_host(self, host: str) -> str:
        """The pool of the volumes of a backend.

        :param host: as Cinder shows it, such as ``node@ssd#ssd``; "" when it is not known
        """
        backend = host.partition("#")[0]
        for name in (host, backend, backend.rpartition("@")[2]):
            if name in self.by_backend:
                return self.by_backend[name]
        return self.default


@dataclass(frozen=True, slots=True)
class VolumeImages:
    """The images of volumes.

    :param by_volume: by id of the volume
    :param new: those that are to be recorded
    :param warnings: volumes that are left out, a line each
    """

    by_volume: Mapping[str, ImageRef] = field(default_factory=dict)
    new: Mapping[str, KnownImage] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def with_disks(servers: Iterable[ListedServer], seen: Iterable[SeenImage], pools: Pools) -> list[ListedServer]:
    """The servers, each also with its own disk if there is an image of it.

    :param seen: all images of the pools
    """
    if not pools.vms:
        return list(servers)
    disks = {image.name for image in seen if image.ref.pool == pools.vms and not image.is_trashed}
    found = ((server, server.id + DISK_SUFFIX) for server in servers)
    return [
        replace(server, volume_ids=(*server.volume_ids, disk)) if disk in disks else server for server, disk in found
    ]


def find_images(
    volume_ids: Iterable[str],
    seen: Iterable[SeenImage],
    known: Mapping[str, KnownImage],
    locations: Mapping[str, VolumeLocation],
    pools: Pools,
    now: datetime,
) -> VolumeImages:
    """Find the image of each volume.

    A volume that never had one, as of another backend than Ceph, is reported once, and recorded.

    One that is not the one last seen is left out, unless Cinder says where the volume is: it may be another volume's.

    :param volume_ids: of all servers, and the disks of servers
    :param seen: all images of the pools
    :param known: as they were last seen, by id of the volume
    :param locations: where Cinder has volumes, as far as it says so
    :param now: in UTC
    """
    by_name = {(image.ref.pool, image.name): image for image in seen if not image.is_trashed}
    found: dict[str, ImageRef] = {}
    new: dict[str, KnownImage] = {}
    warnings = []
    for volume_id in sorted(set(volume_ids)):
        location = locations.get(volume_id, NOWHERE)
        pool, name = _place(volume_id, location, pools)
        image = by_name.get((pool, name))
        before = known.get(volume_id)
        missing = KnownImage(ImageRef(pool, ""), name, now)
        if image is None:
            if before is not None and (before.ref, before.name) == (missing.ref, missing.name):
                continue  # an earlier run has reported it
            warnings.append(f"volume {show(volume_id)} has no image {show(name)} in pool {show(pool)}: it is left out")
            if before is None or not before.ref.id:
                new[volume_id] = missing
        elif before is not None and before.ref.id and before.ref != image.ref and not _is_certain(volume_id, location):
            text = f"volume {show(volume_id)} had the image {before.ref.id}, and now {show(image.name)} is another one"
            warnings.append(f"{text}, {image.ref.id}: it is left out")
        else:
            found[volume_id] = image.ref
            if before is None or (before.ref, before.name) != (image.ref, image.name):
                new[volume_id] = KnownImage(image.ref, image.name, now)
    return VolumeImages(found, new, tuple(warnings))


def image_states(
    refs: Iterable[ImageRef], seen: Iterable[SeenImage], known: Iterable[KnownImage]
) -> Mapping[ImageRef, ImageState]:
    """What has become of images.

    :param refs: images in pools that were listed completely
    :param seen: all images of these pools
    :param known: as they were last seen
    """
    names = {each.ref: each.name for each in known}
    states: dict[ImageRef, ImageState] = {}
    for image in seen:
        if image.is_trashed:
            states[image.ref] = ImageState.TRASHED
        elif states.get(image.ref) is not ImageState.TRASHED:
            states[image.ref] = _state(image.name, names.get(image.ref, image.name))
    return {ref: states.get(ref, ImageState.GONE) for ref in refs}


def _state(name: str, before: str) -> ImageState:
    if name.endswith(DELETED_SUFFIX):
        return ImageState.DELETED
    return ImageState.LIVE if name == before else ImageState.RENAMED


def _place(volume_id: str, location: VolumeLocation, pools: Pools) -> tuple[str, str]:
    """The pool of a volume's image, and its name."""
    if volume_id.endswith(DISK_SUFFIX):
        return pools.vms, volume_id
    return pools.of_host(location.host), PREFIX + (location.name_id or volume_id)


def _is_certain(volume_id: str, location: VolumeLocation) -> bool:
    """Whether an image of the right name in the right pool is the volume's, whatever was seen before."""
    return location.host != "" or volume_id.endswith(DISK_SUFFIX)
