"""The addresses and bytes of images that the tests of uploads and downloads use."""

from __future__ import annotations

from collections.abc import Iterator

from fiwareglancesync.images.places import Body

IMAGE = "/burgos/v2/images/i-1"

FILE = f"{IMAGE}/file"

PIECE = bytes(range(256)) * 4096

MANY = 32
"""Pieces of a body that no buffer of the kernel swallows."""


class Source:
    """A body that counts how often and how far it is read."""

    def __init__(self, pieces: int = 3, *, size: int | None = None, fails: BaseException | None = None) -> None:
        self.opened = 0
        self.given = 0
        self._pieces = pieces
        self._fails = fails
        self.body = Body(len(PIECE) * pieces if size is None else size, self._open)

    def _open(self) -> Iterator[bytes]:
        self.opened += 1
        for _ in range(self._pieces):
            self.given += 1
            yield PIECE
        if self._fails is not None:
            raise self._fails
