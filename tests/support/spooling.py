"""A master region whose downloads are counted, whichever process asks, and spools that are filled from it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import cast

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places import PIECE_BYTES, Download, FileSlice, Piece, Place
from fiwareglancesync.images.transfer.spool import SpoolSource

SIZE = 4 * PIECE_BYTES + 123
PART = 2**18
"""Bytes that the master sends at once."""


def content_of(seed: int, size: int = SIZE) -> bytes:
    """Bytes that differ from one place to the next."""
    return random.Random(seed).randbytes(size)


def image_of(content: bytes, uuid: str = "m-1") -> Image:
    """The master's image of some content."""
    return Image(
        id=uuid,
        name=uuid,
        region="Spain",
        size=len(content),
        checksum=hashlib.md5(content).hexdigest(),
        hash_algo="sha512",
        hash_value=hashlib.sha512(content).hexdigest(),
    )


def _nothing(position: int) -> None:
    """Let the bytes flow."""


class CountedMaster:
    """A master region, as far as a spool needs one.

    :param folder: where it keeps count
    :param before: called with the position of each part before it is sent; may wait or raise
    :param ranges: whether it can send a part of an image, or always sends it whole
    """

    def __init__(
        self, folder: Path, *contents: bytes, before: Callable[[int], None] = _nothing, ranges: bool = True
    ) -> None:
        self._log = folder / "downloads"
        self._log.touch()
        self.contents = {f"m-{number}": content for number, content in enumerate(contents, 1)}
        self.images = [image_of(content, uuid) for uuid, content in self.contents.items()]
        self.before = before
        self.ranges = ranges

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open an image's content."""
        begin = start if self.ranges else 0
        self._note(f"start {begin}")
        return self._opened(self.contents[image_id][begin:], begin)

    @property
    def starts(self) -> list[int]:
        """Where each download began, in their order."""
        return self._noted("start")

    @property
    def sent(self) -> int:
        """Bytes sent in all."""
        return sum(self._noted("part"))

    def spool(self, folder: Path, limit: int = 0, first_wait: float = 0.0) -> SpoolSource:
        """A spool that is filled from here."""
        return SpoolSource(cast(Place, self), folder, limit, first_wait)

    @contextmanager
    def _opened(self, content: bytes, begin: int) -> Iterator[Download]:
        def parts() -> Iterator[bytes]:
            for position in range(0, len(content), PART):
                self.before(begin + position)
                part = content[position : position + PART]
                self._note(f"part {len(part)}")
                yield part

        yield Download(len(content), parts, begin)

    def _note(self, line: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{line}\n")

    def _noted(self, what: str) -> list[int]:
        lines = [line.split() for line in self._log.read_text().splitlines()]
        return [int(number) for word, number in lines if word == what]


def bytes_of(piece: Piece) -> bytes:
    """What a piece of a body stands for."""
    return piece.read() if isinstance(piece, FileSlice) else piece


def read(spool: SpoolSource, image: Image) -> bytes:
    """Everything, as a region would take it."""
    with spool.open(image) as body:
        assert body.size == image.size
        return b"".join(bytes_of(piece) for piece in body.pieces())


def data_files(folder: Path) -> list[Path]:
    """The copies in a spool."""
    return sorted(folder.glob("*.data"))
