"""A region whose writes are counted, and which fails on cue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from fiwareglancesync.images.model import Image, Listing, NewImage, Patch
from fiwareglancesync.images.places import Body, Download, Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace

Done = TypeVar("Done")
NO_PATCH = Patch()


@dataclass(frozen=True)
class Write:
    """One write to a region.

    :param number: 1 for the first
    :param kind: ``create``, ``adopt``, ``update`` or ``delete``
    :param image: UUID of the image
    """

    number: int
    kind: str
    image: str
    patch: Patch = NO_PATCH


Hook = Callable[[Write], None]


def _nothing(_: Write) -> None:
    """Let it pass."""


class WatchedPlace:
    """A region behind a keyhole.

    :param place: the region
    :param before: called with each write that is about to be made; may raise in its stead
    :param after: called with each write that has been made; may raise
    """

    def __init__(self, place: EmbeddedPlace, before: Hook = _nothing, after: Hook = _nothing) -> None:
        self._place = place
        self._before = before
        self._after = after
        self.name, self.target, self.project = place.name, place.target, place.project
        self.identity = place.identity
        self.writes: list[Write] = []
        self.read: list[str] = []

    def listing(self) -> Listing:
        """All images that matter."""
        self.read.append("listing")
        return self._place.listing()

    def get(self, image_id: str) -> Image:
        """One image."""
        self.read.append(f"get {image_id}")
        return self._place.get(image_id)

    def new_id(self, name: str) -> str:
        """A free UUID."""
        return self._place.new_id(name)

    def create(self, image: NewImage) -> Image:
        """Make an image without content."""
        return self._write("create", image.id, lambda: self._place.create(image))

    def upload(self, image_id: str, body: Body) -> None:
        """Give an image its content."""
        self._write("upload", image_id, lambda: self._place.upload(image_id, body))

    def adopt(self, image_id: str, master: Image) -> None:
        """Give an image its content by telling whose it is."""
        self._write("adopt", image_id, lambda: self._place.adopt(image_id, master))

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image."""
        return self._write("update", image.id, lambda: self._place.update(image, patch), patch)

    def delete(self, image_id: str) -> None:
        """Remove an image."""
        self._write("delete", image_id, lambda: self._place.delete(image_id))

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        """Open an image's content."""
        return self._place.download(image_id, start)

    def _write(self, kind: str, image_id: str, act: Callable[[], Done], patch: Patch = NO_PATCH) -> Done:
        write = Write(len(self.writes) + 1, kind, image_id, patch)
        self.writes.append(write)
        self._before(write)
        result = act()
        self._after(write)
        return result


class FetchingPlace(WatchedPlace):
    """A region that may still be fetching the content of images.

    :param place: the region
    :param fetches: UUID of an image that it fetches → what that comes to, called with its UUID; None when it never ends
    """

    def __init__(
        self, place: EmbeddedPlace, fetches: Mapping[str, Callable[[str], None] | None], before: Hook = _nothing
    ) -> None:
        super().__init__(place, before)
        self._fetches = dict(fetches)

    def why_unable_to_import(self, master: Place) -> str | None:
        """It can."""
        return None

    def import_from(self, image_id: str, master: Place, image: Image, progress: Callable[[int], None]) -> Image:
        """Fetch an image at once."""
        self._place.adopt(image_id, image)
        return self.get(image_id)

    def is_importing(self, image_id: str) -> bool:
        """Whether it is at an image."""
        return image_id in self._fetches

    def await_import(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        """Let the fetching of an image end, if it does."""
        alive()
        end = self._fetches[image_id]
        if end is None:
            return False
        del self._fetches[image_id]
        end(image_id)
        return True


class Killed(BaseException):
    """The process is gone: nothing handles this, and nothing is written any more."""


def killed_after(number: int) -> tuple[Hook, Hook]:
    """Hooks of a process that dies right after its n-th write: what it would tidy up afterwards fails too."""

    def before(write: Write) -> None:
        if write.number > number:
            raise Killed

    def after(write: Write) -> None:
        if write.number == number:
            raise Killed

    return before, after


def dying_after(number: int) -> Callable[[EmbeddedPlace], WatchedPlace]:
    """What has a run of :class:`~tests.support.builders.ObservedFederation` die right after its n-th write."""
    return lambda place: WatchedPlace(place, *killed_after(number))


def refusing(error: BaseException, matches: Callable[[Write], bool]) -> Hook:
    """A hook that refuses the writes that match."""

    def before(write: Write) -> None:
        if matches(write):
            raise error

    return before
