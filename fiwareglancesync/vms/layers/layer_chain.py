"""The files below an overlay, as the headers of the images name them (vms 2.5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...base.errors import system_error
from ...base.text import show
from ..backup_journal import JournalDisk
from ..planning.overlay_names import is_id
from ..vm_errors import ChainUnreadable
from .image_header import FORMATS, HEADER_BYTES, QCOW2, RAW, ImageHeader, read_header
from .volume_files import open_file

IMAGES = "images"
LARGEST_META = 65536

_META_FORMAT = re.compile(r"^FORMAT=(RAW|COW)$", re.MULTILINE)
_FORMAT_NAMES = {"RAW": RAW, "COW": QCOW2}


@dataclass(frozen=True, slots=True)
class Layer:
    """A file of a disk in the volume.

    :param domain: id of the storage domain
    :param image: id of the disk whose folder it is in; a template's for a layer of a template
    :param id: of the layer, and the name of the file
    :param format: ``raw`` or ``qcow2``, as the layer above says
    """

    domain: str
    image: str
    id: str
    format: str

    @property
    def path(self) -> PurePosixPath:
        """The file, relative to the volume."""
        return PurePosixPath(self.domain, IMAGES, self.image, self.id)


def read_chain(mount: Path, disk: JournalDisk, engine_mounts: Sequence[PurePosixPath]) -> tuple[Layer, ...]:
    """The layers below the overlay of this run, the frozen one first.

    Nothing outside of the storage domain is opened, whatever a header says, and no symbolic link is followed.

    :param mount: where the master volume is mounted
    :param engine_mounts: where the engine sees the volume, for headers with an absolute path
    :raises ChainUnreadable: a header is missing or wrong, leads out of the storage domain, or the overlay does not lie
        on the frozen layer
    """
    if not all(map(is_id, (disk.domain, disk.id, disk.overlay))):
        raise ChainUnreadable(f"the overlay {show(disk.overlay)} of the disk {show(disk.id)} has an id that is no UUID")
    chain = tuple(_below(mount, Layer(disk.domain, disk.id, disk.overlay, QCOW2), engine_mounts))
    if not chain or (chain[0].image, chain[0].id) != (disk.id, disk.frozen):
        raise ChainUnreadable(f"the overlay {disk.overlay} does not lie on the layer {disk.frozen}")
    return chain


def layer_below(layer: Layer, backing: str, engine_mounts: Sequence[PurePosixPath]) -> tuple[str, str]:
    """The ids of disk and layer that the name in a header stands for.

    :param layer: the one whose header has the name
    :param backing: the name; any text, for a header may be damaged
    :param engine_mounts: as in ``read_chain``
    :raises ChainUnreadable: it leads out of the storage domain
    """
    parts = backing.split("/")
    if len(parts) == 1:
        parts = [layer.image, *parts]
    elif parts[0] == "..":
        parts = parts[1:]
    else:
        folders = [f"{mount}/{layer.domain}/{IMAGES}/" for mount in engine_mounts]
        parts = next((backing[len(each) :].split("/") for each in folders if backing.startswith(each)), parts)
    if len(parts) != 2 or not all(map(is_id, parts)):
        raise ChainUnreadable(f"the layer {layer.id} lies on {show(backing)!r}, which is not in its storage domain")
    return parts[0], parts[1]


def _below(mount: Path, layer: Layer, engine_mounts: Sequence[PurePosixPath]) -> Iterator[Layer]:
    seen = {layer.path}
    while layer.format == QCOW2:
        header = _header(mount, layer)
        if not header.backing:
            return
        image, id = layer_below(layer, header.backing, engine_mounts)
        below = Layer(layer.domain, image, id, "")
        if below.path in seen:
            raise ChainUnreadable(f"the layer {id} lies on itself")
        seen.add(below.path)
        layer = Layer(layer.domain, image, id, header.backing_format or _format_of_meta(mount, below))
        if layer.format not in FORMATS:
            raise ChainUnreadable(f"the layer {id} has the format {show(layer.format)!r}, which no engine makes")
        yield layer


def _header(mount: Path, layer: Layer) -> ImageHeader:
    try:
        return read_header(_beginning(mount, layer.path, HEADER_BYTES))
    except ChainUnreadable as error:
        raise ChainUnreadable(f"the layer {layer.id}: {error}") from error


def _format_of_meta(mount: Path, layer: Layer) -> str:
    """The format of a layer that the header above does not state, from its metadata, which the engine writes."""
    path = layer.path.with_name(f"{layer.id}.meta")
    found = _META_FORMAT.findall(_beginning(mount, path, LARGEST_META).decode("ascii", "replace"))
    if len(found) != 1:
        raise ChainUnreadable(f"neither a header nor {path.name} states the format of the layer {layer.id}")
    return _FORMAT_NAMES[found[0]]


def _beginning(mount: Path, path: PurePosixPath, length: int) -> bytes:
    """The first bytes of a file of the volume."""
    try:
        file = open_file(str(mount), path.parts)
        try:
            return os.pread(file, length, 0)
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        reason = system_error(error) if isinstance(error, OSError) else str(error)
        raise ChainUnreadable(f"{path} cannot be read: {reason}") from error
