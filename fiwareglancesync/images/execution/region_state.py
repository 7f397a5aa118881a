"""The region as an execution knows it: every write goes through here, so the picture never goes stale."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ..model import LINKS, Image, Listing, NewImage, Patch
from ..places import Place
from ..planning import PlanTime
from .uploads import Uploads


@dataclass(frozen=True)
class RunContext:
    """Who does this, where and since when; journals and messages name it.

    :param run: id of the run
    :param host: name of this host
    :param leftover_age: seconds after which another host's leftover may be removed
    """

    run: str = field(default_factory=lambda: f"{os.getpid()}-{uuid.uuid4().hex[:12]}")
    host: str = field(default_factory=socket.gethostname)
    leftover_age: float = 24 * 3600

    def here(self) -> PlanTime:
        """This place and moment, for a plan."""
        return PlanTime(self.host, time.time(), self.leftover_age)

    @staticmethod
    def now() -> str:
        """This moment as ISO 8601 in UTC, whole seconds."""
        return datetime.now(timezone.utc).isoformat(timespec="seconds")


class RegionState:
    """A region's images, kept in step with what is written.

    :param place: the region
    :param listing: its images as they were listed
    :param uploads: lets moves into it begin
    """

    def __init__(self, place: Place, listing: Listing, uploads: Uploads | None = None) -> None:
        self.place = place
        self.uploads = uploads or Uploads()
        self._listing = listing
        self._images = {image.id: image for image in listing.images}
        self.unanswered: dict[str, str] = {}
        """UUID → name of images that are being made, or may have been: their creation was not answered."""
        self.busy: set[str] = set()
        """UUIDs of images that the region itself goes on filling, so that they have to stay for now."""

    @property
    def listing(self) -> Listing:
        """The images as they are now, as far as this run knows."""
        return replace(self._listing, images=tuple(self._images.values()))

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._images

    def __getitem__(self, image_id: str) -> Image:
        return self._images[image_id]

    def create(self, image: NewImage) -> Image:
        """Make an image without content."""
        self.unanswered[image.id] = image.name
        created = self.place.create(image)
        self._images[created.id] = created
        self.unanswered.pop(image.id, None)
        return created

    def refresh(self, image_id: str) -> Image:
        """Ask the region how an image is now."""
        self._images[image_id] = self.place.get(image_id)
        return self._images[image_id]

    def update(self, image_id: str, patch: Patch) -> Image:
        """Change an image; nothing is sent when there is nothing to change."""
        image = self._images[image_id]
        if patch:
            image = self._images[image_id] = self.place.update(image, patch)
        return image

    def delete(self, image_id: str) -> None:
        """Remove an image, protected or not, or one whose creation was not answered."""
        if image_id in self._images and self._images[image_id].protected:
            self.update(image_id, Patch(protected=False))
        self.place.delete(image_id)
        self.forget(image_id)

    def forget(self, image_id: str) -> None:
        """Take note that an image has been removed."""
        self._images.pop(image_id, None)
        self.unanswered.pop(image_id, None)

    def linking_to(self, image_id: str) -> list[Image]:
        """The images whose kernel or ramdisk is the given one."""
        return [
            image
            for image in self._images.values()
            if image.user_properties and any(image.user_properties.get(key) == image_id for key in LINKS)
        ]


def without(properties: Mapping[str, str], *others: Iterable[str]) -> tuple[str, ...]:
    """The names of properties that are in none of the others, sorted.

    :param properties: what an image has
    :param others: what it should have
    """
    wanted = set().union(*others)
    return tuple(sorted(key for key in properties if key not in wanted))
