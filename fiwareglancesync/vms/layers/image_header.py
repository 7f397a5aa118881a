"""Reads the header of an image in the format qcow2: what lies below it (vms 2.5).

The program reads headers itself. ``qemu-img info`` would open what a header names, before that name was looked at.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..vm_errors import ChainUnreadable

HEADER_BYTES = 65536
"""Enough for every header: its extensions and the name of the layer below lie in the first cluster."""

RAW, QCOW2 = "raw", "qcow2"
FORMATS = frozenset({RAW, QCOW2})
LONGEST_NAME = 1023

_MAGIC = b"QFI\xfb"
_FIRST_PART = struct.Struct(">4sIQI")
_FEATURES = struct.Struct(">Q")
_EXTENSION = struct.Struct(">II")
_BACKING_FORMAT = 0xE2792ACA
_OLD_LENGTH, _FEATURES_AT, _LENGTH_AT = 72, 72, 100
_EXTERNAL_DATA = 4


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """A header.

    :param backing: the name of the layer below as it is written, "" for none
    :param backing_format: the format of the layer below, "" when the header does not state it
    """

    backing: str
    backing_format: str


def read_header(data: bytes) -> ImageHeader:
    """The header of an image.

    :param data: the first bytes of the file, ``HEADER_BYTES`` if it has so many
    :raises ChainUnreadable: it is no image in the format qcow2, or keeps its data in another file
    """
    try:
        magic, version, offset, size = _FIRST_PART.unpack_from(data)
        if magic != _MAGIC or version not in (2, 3):
            raise ChainUnreadable("it is no image in the format qcow2")
        start = _OLD_LENGTH
        if version > 2:
            if _FEATURES.unpack_from(data, _FEATURES_AT)[0] & _EXTERNAL_DATA:
                raise ChainUnreadable("its data are in another file")
            start = int.from_bytes(data[_LENGTH_AT : _LENGTH_AT + 4], "big")
        if not offset:
            return ImageHeader("", "")
        return ImageHeader(_name(data, offset, size), _backing_format(data, start, offset))
    except struct.error as error:
        raise ChainUnreadable("its header is too short") from error


def _name(data: bytes, offset: int, size: int) -> str:
    name = data[offset : offset + size]
    if not 0 < size <= LONGEST_NAME or len(name) != size:
        raise ChainUnreadable("its header does not hold the name of the layer below")
    return name.decode("utf-8", "backslashreplace")


def _backing_format(data: bytes, start: int, end: int) -> str:
    """The format of the layer below, from the extensions that stand between header and name."""
    position = start
    while position + _EXTENSION.size <= end:
        kind, length = _EXTENSION.unpack_from(data, position)
        position += _EXTENSION.size
        if kind == 0:
            break
        if kind == _BACKING_FORMAT:
            return data[position : position + length].decode("ascii", "backslashreplace")
        position += length + -length % 8
    return ""
