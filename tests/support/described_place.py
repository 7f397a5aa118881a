"""A region in memory that describes its images as a Glance does, and has their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fiwareglancesync.base.errors import NotFound
from fiwareglancesync.images.model import DescribedImage, Image, Listing
from fiwareglancesync.images.places import Download, PlaceIdentity
from fiwareglancesync.images.places.glance.image_documents import image_of

from .vaults import SOURCE, document_of, uuid_of


class DescribedPlace:
    """A region.

    ``fails`` has the error of a download by UUID, raised once for each entry; ``breaks`` those that come in the middle.
    """

    def __init__(self, name: str = SOURCE.region) -> None:
        self.name, self.target, self.project = name, "master", SOURCE.project
        self.identity = PlaceIdentity("http://keystone", name, self.project, f"http://{name.lower()}.example.org:9292")
        self.documents: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.shared: dict[str, frozenset[str]] = {}
        self.fails: dict[str, list[Exception]] = {}
        self.breaks: dict[str, list[Exception]] = {}
        self.downloads: list[str] = []

    def add(self, number: int, content: bytes = b"", **more: Any) -> str:
        """Have an image, or another one in its place."""
        uuid = uuid_of(number)
        self.documents[uuid] = {**document_of(number, content, **more), "owner": self.project, **more}
        self.contents[uuid] = content
        return uuid

    def described_images(self) -> tuple[DescribedImage, ...]:
        """All images with their descriptions."""
        return tuple(DescribedImage(image_of(each, self.name), each) for each in self.documents.values())

    def listing(self) -> Listing:
        """All images."""
        return Listing(self.name, self.project, tuple(each.image for each in self.described_images()))

    def get(self, image_id: str) -> Image:
        """One image."""
        if image_id not in self.documents:
            raise NotFound("no such image")
        return image_of(self.documents[image_id], self.name)

    @contextmanager
    def download(self, image_id: str, start: int = 0) -> Iterator[Download]:
        """Open the content of an image."""
        self.downloads.append(image_id)
        if self.fails.get(image_id):
            raise self.fails[image_id].pop(0)
        content = self.contents[image_id]
        yield Download(len(content), lambda: self._pieces(image_id, content))

    def _pieces(self, image_id: str, content: bytes) -> Iterator[bytes]:
        half = len(content) // 2
        yield content[:half]
        if self.breaks.get(image_id):
            raise self.breaks[image_id].pop(0)
        yield content[half:]

    def members(self, image_id: str) -> frozenset[str]:
        """Projects that an image is shared with."""
        return self.shared.get(image_id, frozenset())

    def add_member(self, image_id: str, project: str) -> None:
        """Not needed."""
        raise NotImplementedError

    def remove_member(self, image_id: str, project: str) -> None:
        """Not needed."""
        raise NotImplementedError

    def knows_projects_of(self, master: object) -> bool:
        """Not needed."""
        raise NotImplementedError
