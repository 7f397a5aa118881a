"""The exact names of files that a run may remove from the slave (vms 2.6)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from ..backup_journal import JournalDisk
from ..vm_errors import StripRefused

ENDINGS = ("", ".lease", ".meta")
"""Of the files of a layer."""

LEAF = "VOLTYPE=LEAF"

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPE = re.compile(r"^VOLTYPE=.*$", re.MULTILINE)


def is_id(text: str) -> bool:
    """Whether a text is an id as the engine makes them: a UUID in lower case."""
    return _ID.fullmatch(text) is not None


class Entry(Enum):
    """What a name in a folder is, without following it."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a symbolic link"
    OTHER = "neither a file nor a folder"


@dataclass(frozen=True, slots=True)
class Removal:
    """The files of an overlay.

    :param folder: the folder of the disk, relative to the volume
    :param names: the files in it
    """

    folder: PurePosixPath
    names: tuple[str, ...]


def removal(disk: JournalDisk, chain: Collection[str]) -> Removal:
    """The only names that may be removed for a disk.

    :param disk: of the journal
    :param chain: ids of all layers below the overlay
    :raises StripRefused: an id is none, or the overlay is one of the layers below
    """
    ids = {"storage domain": disk.domain, "disk": disk.id, "overlay": disk.overlay, "layer below": disk.frozen}
    for what, id in ids.items():
        if not is_id(id):
            raise StripRefused(f"the id of the {what} is {id!r}, which is no UUID in lower case; nothing is removed")
    if disk.overlay in chain or disk.overlay == disk.frozen:
        raise StripRefused(f"the overlay {disk.overlay} is a layer of the backup; nothing is removed")
    folder = PurePosixPath(disk.domain, "images", disk.id)
    return Removal(folder, tuple(disk.overlay + ending for ending in ENDINGS))


def present(wanted: Removal, listing: Mapping[str, Entry]) -> tuple[str, ...]:
    """Which files of an overlay are there.

    :param listing: what is in the folder, by name
    :raises StripRefused: one of the names is no file
    """
    found = tuple(name for name in wanted.names if name in listing)
    for name in found:
        if listing[name] is not Entry.FILE:
            raise StripRefused(f"{wanted.folder / name} is {listing[name].value}; nothing is removed")
    return found


def leaf_meta(text: str) -> str:
    """The metadata of a layer that becomes the top one again.

    :param text: its metadata
    :raises StripRefused: it does not say what kind of layer it is
    """
    if len(_TYPE.findall(text)) != 1:
        raise StripRefused("the metadata of the layer below the overlay do not say VOLTYPE once; nothing is written")
    return _TYPE.sub(LEAF, text)
