"""The content of an image while it is moved: pieces, slices of files, bodies of a known size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

PIECE_BYTES = 2**20
"""Bytes of a piece."""

WRITE_BYTES = 2**17
"""Bytes of one write. Larger writes take fresh memory from the kernel each time: with a MiB they cost twice the time of
CPU (benchmarks/notes)."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes in an open file. The kernel can send them without a copy in this process.

    :param descriptor: descriptor of the file, which stays open as long as the body
    :param offset: position of the first byte
    :param length: number of bytes, all of which the file has
    """

    descriptor: int
    offset: int
    length: int

    def __len__(self) -> int:
        return self.length

    def read(self) -> bytes:
        """Read the bytes; fewer if the file has become shorter."""
        return os.pread(self.descriptor, self.length, self.offset)

    def part(self, start: int, length: int) -> FileSlice:
        """A part of the slice.

        :param start: position of its first byte in this slice
        :param length: the most bytes
        """
        return FileSlice(self.descriptor, self.offset + start, min(length, self.length - start))

Piece: TypeAlias = "bytes | FileSlice"


@dataclass(frozen=True)
class Body:
    """The bytes of a request. Their number is known before the first is read.

    :param size: number of bytes
    :param pieces: makes an iterator over them, in pieces of about ``PIECE_BYTES`` bytes
    :param start: position of the first byte in the content of the image
    :param alive: is called from time to time during the wait for the answer to the last byte; what it raises ends the
        wait
    """

    size: int
    pieces: Callable[[], Iterator[Piece]]
    start: int = 0
    alive: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Download(Body):
    """The bytes of a download."""

    pieces: Callable[[], Iterator[bytes]]
