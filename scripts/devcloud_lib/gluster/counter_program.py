"""The program of the guests: a boot sector that counts, and what can be read of its disk.

A guest has no operating system. Its program reads the counter of its disk, and then writes it, increased by one, every
220 ms: into the second sector, and into one of 16384 further sectors, so that the disk changes in many places. Between
two writes it halts until the timer's interrupt, so that an emulated processor takes little of a real one.
"""

from __future__ import annotations

import struct

SECTOR_BYTES = 512
COUNTER_SECTOR = 1
TRACE_SECTOR = 2048
"""The first of the further sectors; a counter is in the one at its remainder by ``TRACE_SECTORS``."""

TRACE_SECTORS = 16384
READ_BYTES = (TRACE_SECTOR + TRACE_SECTORS) * SECTOR_BYTES

# Interrupt 13h with AH=42h reads the sectors that a packet names, with AH=43h it writes them.
_PROGRAM = bytes.fromhex(
    "fa31c08ed88ec08ed0bc007cfb"  # no segments, a stack below the program
    "8816527cb442be537ccd13"  # keep the drive's number; read the counter to 8000h
    "eb0e"  # begin with its further sector, before which the guest may have been switched off
    "66ff060080"  # start of the loop: increase it
    "c7065b7c0100e81d00"  # write it into the second sector
    "a1008025ff3f050008a35b7ce80e00"  # write it into its further sector
    "f4a16c04c1e80239c574f595ebd5"  # halt until the fourth tick of the timer at 046Ch, and again
    "b800438a16527cbe537ccd13c3"  # writes a sector
    "80"  # the drive
    "10000100008000000100000000000000"  # the packet: 1 sector at 8000h, sector 1
)


def boot_sector() -> bytes:
    """The first sector of a guest's disk."""
    return _PROGRAM.ljust(SECTOR_BYTES - 2, b"\0") + b"\x55\xaa"


def counter(disk: bytes) -> int:
    """The counter that a disk holds.

    :param disk: its first ``READ_BYTES`` bytes
    """
    return _number(disk, COUNTER_SECTOR)


def is_whole(disk: bytes) -> bool:
    """Whether all that the program has written is on a disk, up to its counter.

    The program writes the counter first, so the last further sector may be missing.
    """
    last = counter(disk)
    return all(_number(disk, _trace(each)) == each for each in range(max(1, last - TRACE_SECTORS + 1), last))


def _trace(value: int) -> int:
    return TRACE_SECTOR + value % TRACE_SECTORS


def _number(disk: bytes, sector: int) -> int:
    return int(struct.unpack_from("<I", disk, sector * SECTOR_BYTES)[0])
