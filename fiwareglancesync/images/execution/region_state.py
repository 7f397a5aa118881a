"""The images of a region during a run. Every write goes through this class, so it is always up to date."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ...base.attempts import FIRST_WAIT_SECONDS
from ..model import LINKS, Image, Listing, NewImage, Patch
from ..places import Place
from ..planning import PlanTime
from .upload_queue import UploadQueue


@dataclass(frozen=True)
class RunContext:
    """A run and its host, as journals and messages name them.

    :param run: id of the run
    :param host: name of this host
    :param leftover_age: seconds after which what a run of another host left may be removed
    :param first_wait: seconds before the second attempt at moving an image, at least
    """

    run: str = field(default_factory=lambda: f"{os.getpid()}-{uuid.uuid4().hex[:12]}")
    host: str = field(default_factory=socket.gethostname)
    leftover_age: float = 24 * 3600
    first_wait: float = FIRST_WAIT_SECONDS

    def plan_time(self) -> PlanTime:
        """This host and the present time, for a plan."""
        return PlanTime(self.host, time.time(), self.leftover_age)

    @staticmethod
    def now() -> str:
        """The present time as ISO 8601 in UTC, whole seconds."""
        return datetime.now(timezone.utc).isoformat(timespec="seconds")


class RegionState:
    """The images of a region, updated with each write.

    :param place: the region
    :param listing: its images, as they were listed
    :param upload_queue: starts the moves into the region
    """

    def __init__(self, place: Place, listing: Listing, upload_queue: UploadQueue | None = None) -> None:
        self.place = place
        self.upload_queue = upload_queue or UploadQueue()
        self._listing = listing
        self._images = {image.id: image for image in listing.images}
        self.unanswered: dict[str, str] = {}
        """UUID → name of images whose creation has not been answered: perhaps they exist."""
        self.reserved: set[str] = set()
        """UUIDs of unfinished images that stay if this run does not finish them: they have their original UUIDs."""
        self.busy: set[str] = set()
        """UUIDs of images that the region is still fetching, so that they cannot be removed now."""

    @property
    def listing(self) -> Listing:
        """The present images."""
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
        """Read an image anew from the region."""
        self._images[image_id] = self.place.get(image_id)
        return self._images[image_id]

    def update(self, image_id: str, patch: Patch) -> Image:
        """Change an image. A patch without changes is not sent."""
        image = self._images[image_id]
        if patch:
            image = self._images[image_id] = self.place.update(image, patch)
        return image

    def delete(self, image_id: str) -> None:
        """Remove an image, also a protected one, or one whose creation has not been answered."""
        if image_id in self._images and self._images[image_id].protected:
            self.update(image_id, Patch(protected=False))
        self.place.delete(image_id)
        self.forget(image_id)

    def forget(self, image_id: str) -> None:
        """Note that an image has been removed."""
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
