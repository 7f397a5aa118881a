"""Moves the content of one master image into one image of a region (design 6)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ...base.errors import Throttled, TimedOut, TransferError, Unreachable
from ...base.throttle import Throttle
from ..model import Image
from ..places import Body, InstantCopy, Piece, Place
from .server_import import ServerWay
from .sources import Source

AUTO = "auto"

HASHING = ("spool", "stream")
"""The ways that an image without hash may take, which is hashed while it passes (sync 3.1)."""

UNHASHED = "the master states no checksum of the image, so it has to be hashed on its way"

ALGORITHMS = ("sha512", "md5")
"""What it is hashed with: Glance's usual multihash, and the checksum that every Glance states."""

Progress = Callable[[int], None]
"""Told the bytes moved so far."""


@dataclass(frozen=True)
class Moved:
    """How an image's content was moved.

    :param way: the way that was taken
    :param size: bytes
    :param seconds: from the first to the last byte
    :param digests: algorithm → hash of what was sent, for an image of which the master states none; else None
    """

    way: str
    size: int
    seconds: float
    digests: Mapping[str, str] | None = None


class Mover:
    """Knows the ways to move bytes, in the order of preference.

    :param sources: the ways, the preferred one first
    :param forced: the name of the only way allowed, or ``auto``
    :param throttles: what bounds the bytes per second into a place
    """

    def __init__(
        self,
        sources: Sequence[Source | ServerWay],
        forced: str = AUTO,
        throttles: Callable[[Place], Sequence[Throttle]] = lambda place: (),
    ) -> None:
        self._sources = [source for source in sources if forced in (AUTO, source.way)]
        self._throttles = throttles
        self._silence: str | None = None
        """Why the master cannot be read, once it has not answered; None before."""

    def ways(self, image: Image, place: Place) -> Iterator[tuple[str, str | None]]:
        """Tell how an image can get into a place, each way as it is when it is asked for.

        :param image: the master's image
        :param place: where it is to go
        :return: names of the ways, the preferred one first, each with why it cannot be taken, None when it can
        """
        if isinstance(place, InstantCopy):
            yield "embedded", None
            return
        for source in self._sources:
            yield source.way, self._refusal(source, image, place)

    def _refusal(self, source: Source | ServerWay, image: Image, place: Place) -> str | None:
        if not image.has_content_hash and source.way not in HASHING:
            return UNHASHED
        if isinstance(source, ServerWay):
            return source.refusal(place)
        if self._silence is not None and source.needs_master(image):
            return self._silence
        return source.refusal(image)

    def move(self, way: str, image: Image, place: Place, uuid: str, progress: Progress) -> Moved:
        """Move an image's content.

        :param way: one of :meth:`ways`
        :param image: the master's image
        :param place: where it goes
        :param uuid: the image there that is to be filled
        :param progress: told the bytes sent so far
        :raises SourceBroke: the source broke off; a fresh reading of it may succeed
        :raises TransferError: the source fails; another way may work
        :raises CloudError: the place refuses it
        """
        started = time.monotonic()
        if isinstance(place, InstantCopy):
            place.adopt(uuid, image)
            return Moved(way, image.size or 0, time.monotonic() - started)
        source = next(source for source in self._sources if source.way == way)
        if isinstance(source, ServerWay):
            source.pull(image, place, uuid, progress)
            return Moved(way, image.size or 0, time.monotonic() - started)
        digests = Digests() if not image.has_content_hash else None
        try:
            size = self._send(source, image, place, uuid, progress, digests)
        except TransferError as error:
            if isinstance(error.__cause__, (Unreachable, TimedOut, Throttled)):
                # It concerns all that needs the master, in the whole run (design 7): each try costs its time-out.
                self._silence = f"{error} (not asked again in this run)"
            raise
        return Moved(way, size, time.monotonic() - started, digests.values() if digests else None)

    def _send(
        self, source: Source, image: Image, place: Place, uuid: str, progress: Progress, digests: Digests | None
    ) -> int:
        with source.open(image) as body:
            if body.size != image.size:
                raise TransferError(f"{source.way} offers {body.size} bytes, the image has {image.size}")
            throttles = self._throttles(place)
            pieces: Callable[[], Iterator[Piece]] = partial(_watched, body, throttles, progress)
            if digests is not None:
                pieces = partial(digests.of, pieces)
            place.upload(uuid, Body(body.size, pieces, alive=lambda: progress(body.size)))
        return body.size

    def reject_content(self, way: str, image: Image, place: Place) -> bool:
        """Take note that what came by a way was not the image's content.

        :param way: the way that was taken
        :param image: the master's image
        :param place: where it came to
        :return: whether the same way may bring something else
        """
        source = next((source for source in self._sources if source.way == way), None)
        if isinstance(source, ServerWay):
            source.reject_content(place)
            return False
        return source is not None and source.reject_content(image)


class Digests:
    """The hashes of bytes on their way to a region."""

    def __init__(self) -> None:
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS}

    def of(self, pieces: Callable[[], Iterator[Piece]]) -> Iterator[bytes]:
        """Pass pieces on and take them into account."""
        for piece in pieces():
            content = piece if isinstance(piece, bytes) else piece.read()
            for each in self._hashes.values():
                each.update(content)
            yield content

    def values(self) -> dict[str, str]:
        """Algorithm → hash in hexadecimal."""
        return {name: each.hexdigest() for name, each in self._hashes.items()}


def _watched(body: Body, throttles: Sequence[Throttle], progress: Progress) -> Iterator[Piece]:
    done = 0
    for piece in body.pieces():
        for portion in _portions(piece, throttles):
            for throttle in throttles:
                throttle.take(len(portion))
            yield portion
            done += len(portion)
            progress(done)


def _portions(piece: Piece, throttles: Sequence[Throttle]) -> Iterator[Piece]:
    """A piece in parts that no throttle delays for long."""
    size = min((throttle.portion for throttle in throttles), default=len(piece))
    if size >= len(piece):
        yield piece
        return
    for start in range(0, len(piece), size):
        yield piece[start : start + size] if isinstance(piece, bytes) else piece.part(start, size)
