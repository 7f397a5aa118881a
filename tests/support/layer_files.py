"""Volumes in a folder, with layers whose headers a test chooses."""

from __future__ import annotations

import struct
from pathlib import Path

from fiwareglancesync.vms.backup_journal import JournalDisk, JournalMachine
from fiwareglancesync.vms.layers.image_header import HEADER_BYTES

from .vm_builders import DOMAIN, id_of

BACKING_FORMAT = 0xE2792ACA
VERSION_3_LENGTH = 104


def image_header(backing: str = "", backing_format: str = "", *, version: int = 3, features: int = 0) -> bytes:
    """The header of an image in the format qcow2.

    :param backing: the name of the layer below
    :param backing_format: stated for it, "" for a header that states none
    :param features: the incompatible ones, with a version of 3
    """
    length = VERSION_3_LENGTH if version == 3 else 72
    extension = b""
    if backing_format:
        text = backing_format.encode()
        extension = struct.pack(">II", BACKING_FORMAT, len(text)) + text + bytes(-len(text) % 8)
    extension += struct.pack(">II", 0, 0)
    name = backing.encode("utf-8", "surrogateescape")
    offset = length + len(extension) if name else 0
    first = struct.pack(">4sIQIIQ", b"QFI\xfb", version, offset, len(name), 16, 2**20).ljust(72, b"\0")
    if version == 3:
        first += struct.pack(">QQQII", features, 0, 0, 4, length)
    return (first + extension + name).ljust(1024, b"\0")


def layer_file(mount: Path, image: str, id: str, content: bytes, *, meta: str = "") -> Path:
    """Write a layer into a volume; its metadata as well, if there are any."""
    folder = mount / DOMAIN / "images" / image
    folder.mkdir(parents=True, exist_ok=True)
    (folder / id).write_bytes(content)
    if meta:
        (folder / f"{id}.meta").write_text(meta, encoding="ascii")
    return folder / id


def meta_text(kind: str = "LEAF", format: str = "COW") -> str:
    """The metadata of a layer, as the engine writes them."""
    return f"CAP=67108864\nFORMAT={format}\nLEGALITY=LEGAL\nVOLTYPE={kind}\nEOF\n"


def snapshotted(mount: Path, number: int = 1, *, content: bytes = b"guest" * 5000) -> JournalMachine:
    """Write a virtual machine with a raw base, a frozen layer and an overlay of this run into a volume."""
    image, base, frozen, overlay = (id_of(number, kind) for kind in (2, 5, 3, 4))
    layer_file(mount, image, base, content, meta=meta_text("INTERNAL", "RAW"))
    layer_file(mount, image, frozen, image_header(base, "raw") + content, meta=meta_text("INTERNAL"))
    layer_file(mount, image, overlay, image_header(frozen, "qcow2"), meta=meta_text())
    (mount / DOMAIN / "images" / image / f"{overlay}.lease").write_bytes(b"lease")
    disk = JournalDisk(image, DOMAIN, frozen, overlay, meta_text())
    return JournalMachine(id_of(number, 1), f"vm-{number}", (disk,))


def header_bytes(path: Path) -> bytes:
    """The first bytes of a file, as many as the program reads."""
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)
