"""An embedded region that takes real bytes: it believes nothing but what it has read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from fiwareglancesync.images.model import Image, Listing, NewImage, Patch
from fiwareglancesync.images.places import Body, Download, FileSlice
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace


def md5(content: bytes) -> str:
    """The checksum that a region computes."""
    return hashlib.md5(content).hexdigest()


class BytesPlace:
    """A region without the embedded federation's short cut.

    :param place: keeps the images
    :param contents: UUID → bytes, for downloads
    :param fails: called with each piece of an upload; may raise
    """

    def __init__(
        self,
        place: EmbeddedPlace,
        contents: Mapping[str, bytes] | None = None,
        fails: Callable[[bytes], None] = lambda piece: None,
    ) -> None:
        self._place = place
        self._contents = contents or {}
        self._fails = fails
        self.name, self.target, self.project = place.name, place.target, place.project
        self.identity = place.identity
        self.downloads: list[str] = []
        self.piece = 4

    def listing(self) -> Listing:
        """All images that matter."""
        return self._place.listing()

    def get(self, image_id: str) -> Image:
        """One image."""
        return self._place.get(image_id)

    def new_id(self, name: str) -> str:
        """A free UUID."""
        return self._place.new_id(name)

    def create(self, image: NewImage) -> Image:
        """Make an image without content."""
        return self._place.create(image)

    def upload(self, image_id: str, body: Body) -> None:
        """Read the content; size and checksum are those of what came."""
        content = b""
        for part in body.pieces():
            piece = part.read() if isinstance(part, FileSlice) else part
            self._fails(piece)
            content += piece
        read = replace(self._place.get(image_id), size=len(content), checksum=md5(content))
        self._place.adopt(image_id, read)

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image."""
        return self._place.update(image, patch)

    def delete(self, image_id: str) -> None:
        """Remove an image."""
        self._place.delete(image_id)

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open an image's content."""
        self.downloads.append(image_id)
        return self._open(self._contents[image_id][start:])

    @contextmanager
    def _open(self, content: bytes) -> Iterator[Download]:
        def pieces() -> Iterator[bytes]:
            for start in range(0, len(content), self.piece):
                yield content[start : start + self.piece]

        yield Download(len(content), pieces)
