"""The ways ``file``, ``spool`` and ``stream``: content is read from a source and uploaded to the region (design 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from ...base.errors import Throttled, TimedOut, TransferError, Unreachable
from ...base.throttle import Throttle
from ..model import Image
from ..places import Body, InstantCopy, Piece, Place
from .sources import Source
from .way import Digests, ProgressListener

ALGORITHMS = ("sha512", "md5")
"""The hashes of an image of which the master states none: the usual multihash of Glance, and its checksum."""

Throttles: TypeAlias = Callable[[Place], Sequence[Throttle]]
"""Returns what limits the bytes per second into a region."""


def upload_ways(*sources: Source, throttles: Throttles = lambda place: ()) -> list[UploadWay]:
    """The ways of one run that upload.

    :param sources: where the content can be read
    :param throttles: limits the bytes per second into a region
    """
    master = _Master()
    return [UploadWay(source, master, throttles) for source in sources]


class _Master:
    """Whether the master answers. If it did not, a run does not ask it again: each try takes the whole time-out."""

    def __init__(self) -> None:
        self.silence: str | None = None
        """Why it cannot be read, None while it answers."""

    def note(self, error: TransferError) -> None:
        """Remember an error if it means that the master does not answer."""
        if isinstance(error.__cause__, Unreachable | TimedOut | Throttled):
            self.silence = f"{error} (not asked again in this run)"


class UploadWay:
    """Reads the content from a source and uploads it.

    :param source: where the content is read
    :param master: shared by all such ways of a run
    :param throttles: limits the bytes per second into a region
    """

    def __init__(self, source: Source, master: _Master, throttles: Throttles) -> None:
        self._source = source
        self._master = master
        self._throttles = throttles

    @property
    def name(self) -> str:
        """The name of the source."""
        return self._source.way

    def fits(self, place: Place) -> bool:
        """Whether the region takes bytes."""
        return not isinstance(place, InstantCopy)

    def why_unusable(self, image: Image, place: Place) -> str | None:
        """Why the image cannot be read from the source; None when it can."""
        if self._master.silence is not None and self._source.needs_master(image):
            return self._master.silence
        return self._source.why_unusable(image)

    def move(self, image: Image, place: Place, uuid: str, progress: ProgressListener) -> Digests | None:
        """Upload the content, in one request."""
        hashes = None if image.has_content_hash else _Hashes()
        try:
            self._upload(image, place, uuid, progress, hashes)
        except TransferError as error:
            self._master.note(error)
            raise
        return hashes.values() if hashes else None

    def _upload(
        self, image: Image, place: Place, uuid: str, progress: ProgressListener, hashes: _Hashes | None
    ) -> None:
        with self._source.open(image) as body:
            if body.size != image.size:
                raise TransferError(f"{self.name} offers {body.size} bytes, the image has {image.size}")
            pieces: Callable[[], Iterator[Piece]] = partial(throttled, body, self._throttles(place), progress)
            if hashes is not None:
                pieces = partial(hashes.update, pieces)
            place.upload(uuid, Body(body.size, pieces, alive=lambda: progress(body.size)))

    def reject_content(self, image: Image, place: Place) -> bool:
        """Tell the source to remove what it has of the image, if it can."""
        return self._source.reject_content(image)


class _Hashes:
    """The hashes of bytes on their way to a region."""

    def __init__(self) -> None:
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS}

    def update(self, pieces: Callable[[], Iterator[Piece]]) -> Iterator[bytes]:
        """Pass pieces on and hash them."""
        for piece in pieces():
            content = piece if isinstance(piece, bytes) else piece.read()
            for each in self._hashes.values():
                each.update(content)
            yield content

    def values(self) -> Digests:
        """The hashes of everything that was passed on."""
        return {name: each.hexdigest() for name, each in self._hashes.items()}


def throttled(body: Body, throttles: Sequence[Throttle], progress: ProgressListener) -> Iterator[Piece]:
    """The content of a body at the speed that throttles allow.

    :param progress: is called with the bytes passed on so far
    """
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
