"""Bytes on their way from one place to another: pieces, slices of files, bodies of a known size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

PIECE = 2**20
"""Bytes in the pieces that bodies are moved in."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes that lie in an open file, so that the kernel can send them without our reading them.

    :param descriptor: of the file; it stays open as long as the body that the slice is a piece of
    :param offset: position of the first byte
    :param length: bytes, all of them there
    """

    descriptor: int
    offset: int
    length: int

    def __len__(self) -> int:
        return self.length

    def read(self) -> bytes:
        """The bytes themselves; fewer when the file has become shorter."""
        return os.pread(self.descriptor, self.length, self.offset)

    def part(self, start: int, length: int) -> FileSlice:
        """Some of the bytes.

        :param start: of the first, counted from that of this slice
        :param length: how many at most
        """
        return FileSlice(self.descriptor, self.offset + start, min(length, self.length - start))

Piece: TypeAlias = "bytes | FileSlice"


@dataclass(frozen=True)
class Body:
    """Bytes on their way: their number is known before the first is read.

    :param size: bytes to come
    :param pieces: makes an iterator over them, in pieces of about ``PIECE`` bytes
    :param start: position of the first of them in the image's content
    :param alive: called now and then while a place that has all the bytes is waited for; what it raises ends the wait
    """

    size: int
    pieces: Callable[[], Iterator[Piece]]
    start: int = 0
    alive: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Download(Body):
    """Bytes on their way out of a place."""

    pieces: Callable[[], Iterator[bytes]]
