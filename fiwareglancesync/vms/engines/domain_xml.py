"""Reads and writes libvirt's documents about a virtual machine (vms 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..planning.overlay_names import is_id
from ..vm_model import Disk, DiskStatus

IMAGES = "images"
ELSEWHERE = "elsewhere"
"""Stands for the storage domain of a file that is not in the volume."""

FOLDERS = 4
"""Parts of a layer's path in the volume: domain, ``images``, disk, layer."""


FILE_OR_LUN = ("disk", "lun")
"""Devices that are disks: the others are drives."""


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """Where libvirt finds the files of a volume.

    :param volume: of gluster
    :param mounts: where it is mounted
    """

    volume: str
    mounts: tuple[PurePosixPath, ...]


@dataclass(frozen=True, slots=True)
class DomainDisk:
    """A disk of a virtual machine of libvirt.

    :param target: the name by which libvirt's calls take it
    :param files: of its layers, the one that is written to first; none for a direct LUN
    :param is_ready: whether a merge waits for the end
    :param gluster: the volume that it is read from without a mount, "" for every other disk
    """

    target: str
    files: tuple[PurePosixPath, ...]
    is_shareable: bool
    is_ready: bool
    gluster: str = ""

    def ids(self, place: VolumePlace) -> tuple[str, str, str] | None:
        """The ids of storage domain, disk and top layer; None for a file that is in no storage domain of the volume."""
        mount = self._mount(place)
        if mount is None:
            return None
        parts = self.files[0].relative_to(mount).parts
        if len(parts) != FOLDERS or parts[1] != IMAGES or not all(is_id(parts[at]) for at in (0, 2, 3)):
            return None
        return parts[0], parts[2], parts[3]

    def is_in_volume(self, place: VolumePlace) -> bool:
        """Whether it lies in the volume, wherever there."""
        return self.gluster == place.volume or self._mount(place) is not None

    def _mount(self, place: VolumePlace) -> PurePosixPath | None:
        """The mount that it lies below."""
        return next((each for each in place.mounts if self.files and each in self.files[0].parents), None)


def read_disks(text: str) -> tuple[DomainDisk, ...]:
    """The disks that a virtual machine may write to, in the order of the document.

    :param text: what libvirt says of it
    """
    root = ElementTree.fromstring(text)  # noqa: S314 (libvirt writes it)
    found = (disk for disk in root.iterfind("devices/disk") if disk.get("device", "disk") in FILE_OR_LUN)
    # A disk that is read only has no snapshot, and needs none.
    disks = (disk for disk in found if not any(True for _ in disk.iterfind("readonly")))
    return tuple(
        DomainDisk(
            _attribute(disk, "target", "dev"),
            tuple(_files(disk)) if disk.get("type") == "file" else (),
            any(True for _ in disk.iterfind("shareable")),
            any(mirror.get("ready") == "yes" for mirror in disk.iterfind("mirror")),
            _gluster(disk),
        )
        for disk in disks
    )


def as_disk(disk: DomainDisk, place: VolumePlace, status: DiskStatus) -> Disk:
    """A disk in the words of the program."""
    ids, is_inside = disk.ids(place), disk.is_in_volume(place)
    if ids is not None:
        return Disk(ids[1], disk.target, ids[0], ids[2], status, disk.is_shareable)
    if disk.files or is_inside:
        file = disk.files[0] if disk.files else PurePosixPath(disk.target)
        return Disk(str(file), disk.target, ELSEWHERE, file.name, status, disk.is_shareable, is_inside)
    return Disk(disk.target, disk.target, "", "", status, disk.is_shareable)


def snapshot_xml(targets: Mapping[str, PurePosixPath | None]) -> str:
    """The document that asks for a snapshot.

    :param targets: the file of the overlay by the target of the disk; None for a disk that is left alone
    """
    root = Element("domainsnapshot")
    disks = ElementTree.SubElement(root, "disks")
    for target, overlay in targets.items():
        disk = ElementTree.SubElement(disks, "disk", name=target, snapshot="external" if overlay else "no")
        if overlay:
            ElementTree.SubElement(disk, "driver", type="qcow2")
            ElementTree.SubElement(disk, "source", file=str(overlay))
    return ElementTree.tostring(root, encoding="unicode")


def _files(element: Element) -> list[PurePosixPath]:
    """The files of a disk and of what lies below it."""
    file = _attribute(element, "source", "file")
    below = [path for store in element.iterfind("backingStore") for path in _files(store)]
    return [PurePosixPath(file), *below] if file else []


def _gluster(disk: Element) -> str:
    """The volume of a source that is read without a mount."""
    sources = (each for each in disk.iterfind("source") if each.get("protocol") == "gluster")
    return next((each.get("name", "").lstrip("/").partition("/")[0] for each in sources), "")


def _attribute(element: Element, name: str, attribute: str) -> str:
    """The attribute of an element's child, "" when it is not there."""
    return next((child.get(attribute, "") for child in element.iterfind(name)), "")
