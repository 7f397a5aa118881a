"""Builds the bytes of small images: real qcow2 and ISO 9660 files, for Glance looks inside.

Everything is a function of its arguments alone, so the same call gives the same bytes on every machine. Depends on
nothing but the standard library; tests may import it on its own.
"""

from __future__ import annotations

import random
import struct

MIB = 2**20

QCOW2_CLUSTER_BITS = 16
QCOW2_CLUSTER = 1 << QCOW2_CLUSTER_BITS
# Entries of the one table of the second level that these files have.
QCOW2_MAX_CLUSTERS = QCOW2_CLUSTER // 8

ISO_SECTOR = 2048
# Where things are in the files built here, in sectors; the first 16 belong to boot loaders.
ISO_VOLUME, ISO_END, ISO_PATHS_LITTLE, ISO_PATHS_BIG, ISO_ROOT, ISO_FILE = 16, 17, 18, 19, 20, 21
# The moment that every entry carries: 1 January 2015, 00:00 UTC.
ISO_RECORD_TIME = bytes([115, 1, 1, 0, 0, 0, 0])
ISO_VOLUME_TIME = b"2015010100000000\x00"
ISO_NO_TIME = b"0" * 16 + b"\x00"


def raw(size: int, seed: str) -> bytes:
    """Pseudo-random bytes.

    :param size: number of bytes.
    :param seed: another one gives other bytes.
    """
    return random.Random(seed).randbytes(size)  # noqa: S311 (nothing secret: the same bytes every time)


def qcow2(data: bytes, virtual_size: int) -> bytes:
    """A disk in QEMU's format, version 3, that begins with `data` and holds zeros from there on.

    :param data: the beginning of the disk; filled up with zeros to whole clusters of 64 KiB.
    :param virtual_size: bytes that a guest sees, at least ``len(data)``, at most 512 MiB.
    :returns: the file: header, refcount table, refcount block, both tables of clusters, the data.
    :raises ValueError: the disk is larger than one table of the second level can describe, or smaller than `data`.
    """
    count = -(-len(data) // QCOW2_CLUSTER)
    if not len(data) <= virtual_size <= QCOW2_MAX_CLUSTERS * QCOW2_CLUSTER:
        raise ValueError(f"a virtual size of {virtual_size} bytes does not fit {len(data)} bytes of data")
    refcount_table, refcount_block, level_1, level_2, first = (number * QCOW2_CLUSTER for number in range(1, 6))
    copied = 1 << 63  # says that the cluster has exactly one user
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        b"QFI\xfb", 3,
        0, 0,  # no backing file
        QCOW2_CLUSTER_BITS, virtual_size,
        0,  # not encrypted
        1, level_1, refcount_table, 1,
        0, 0,  # no snapshots in it
        0, 0, 0,  # no optional features
        4, 104,  # refcounts of 2^4 bits; the length of this header
    )
    parts = [
        header,
        struct.pack(">Q", refcount_block),
        struct.pack(">H", 1) * (5 + count),
        struct.pack(">Q", level_2 | copied),
        b"".join(struct.pack(">Q", (first + number * QCOW2_CLUSTER) | copied) for number in range(count)),
    ]
    return b"".join(part.ljust(QCOW2_CLUSTER, b"\x00") for part in parts) + data.ljust(count * QCOW2_CLUSTER, b"\x00")


def iso9660(data: bytes, *, volume: str = "GLANCESYNC", name: str = "CONTENT.BIN") -> bytes:
    """A CD image with a single file.

    :param data: what the file holds.
    :param volume: the volume's name, at most 32 capital letters, digits and underscores.
    :param name: the file's name, capital letters and digits, 8 and 3.
    :returns: system area, volume descriptors, path tables, the root folder, the file.
    """
    file_sectors = -(-len(data) // ISO_SECTOR)
    paths = b"\x01\x00" + struct.pack("<IH", ISO_ROOT, 1) + b"\x00\x00"
    paths_big = b"\x01\x00" + struct.pack(">IH", ISO_ROOT, 1) + b"\x00\x00"
    root = _iso_record(b"\x00", ISO_ROOT, ISO_SECTOR, is_folder=True)
    folder = root + _iso_record(b"\x01", ISO_ROOT, ISO_SECTOR, is_folder=True)
    folder += _iso_record(f"{name};1".encode("ascii"), ISO_FILE, len(data), is_folder=False)
    descriptor = b"".join([
        b"\x01CD001\x01\x00", b" " * 32, volume.encode("ascii").ljust(32), bytes(8),
        _both_32(ISO_FILE + file_sectors), bytes(32), _both_16(1), _both_16(1), _both_16(ISO_SECTOR),
        _both_32(len(paths)), struct.pack("<II", ISO_PATHS_LITTLE, 0), struct.pack(">II", ISO_PATHS_BIG, 0),
        root, b" " * (4 * 128 + 3 * 37), ISO_VOLUME_TIME, ISO_VOLUME_TIME, ISO_NO_TIME, ISO_NO_TIME, b"\x01",
    ])
    sectors = [descriptor, b"\xffCD001\x01", paths, paths_big, folder]
    body = b"".join(sector.ljust(ISO_SECTOR, b"\x00") for sector in sectors)
    return bytes(ISO_VOLUME * ISO_SECTOR) + body + data.ljust(file_sectors * ISO_SECTOR, b"\x00")


def _iso_record(name: bytes, sector: int, size: int, *, is_folder: bool) -> bytes:
    """An entry of a folder; its length is even."""
    length = 33 + len(name) + (len(name) + 1) % 2
    record = bytes([length, 0]) + _both_32(sector) + _both_32(size) + ISO_RECORD_TIME
    record += bytes([2 if is_folder else 0, 0, 0]) + _both_16(1) + bytes([len(name)]) + name
    return record.ljust(length, b"\x00")


def _both_16(value: int) -> bytes:
    return struct.pack("<H", value) + struct.pack(">H", value)


def _both_32(value: int) -> bytes:
    return struct.pack("<I", value) + struct.pack(">I", value)
