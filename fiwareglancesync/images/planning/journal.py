"""The journal of a change: a property of the new image, so that it outlives this process (design 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...base.messages import Message
from ..model import JOURNAL, Image, Listing, Patch, SyncStatus, seconds_since_epoch
from .old_names import is_old_name

NEW = "new"
PUBLISHED = "published"

ACTIONS: Mapping[SyncStatus, str] = MappingProxyType(
    {
        SyncStatus.PENDING_UPLOAD: "upload",
        SyncStatus.PENDING_REPLACE: "replace",
        SyncStatus.PENDING_RENAME: "rename",
    }
)
"""The word for the change of a status, as the journal has it."""

REPLACE = ACTIONS[SyncStatus.PENDING_REPLACE]


@dataclass(frozen=True, slots=True)
class Journal:
    """What ``glancesync_pending`` says (design 4.1).

    :param image_id: UUID of the image that has the property
    :param run: id of the run that wrote it
    :param host: name of the host where that run was
    :param started: ISO 8601 time in UTC when the change began
    :param action: ``upload``, ``replace`` or ``rename``
    :param step: ``new`` until the image is published, then ``published``
    :param old: UUID of the image that it takes the place of, or None
    """

    image_id: str
    run: str
    host: str
    started: str
    action: str
    step: str
    old: str | None

    def text(self) -> str:
        """The property's value."""
        return json.dumps(
            {
                "v": 1,
                "self": self.image_id,
                "run": self.run,
                "host": self.host,
                "started": self.started,
                "action": self.action,
                "step": self.step,
                "old": self.old,
            },
            separators=(",", ":"),
        )

    @property
    def started_at(self) -> float:
        """Seconds since the epoch when the change began; 0 when the journal does not say."""
        return seconds_since_epoch(self.started)

    @staticmethod
    def of(image: Image) -> Journal | None:
        """The journal that an image carries, or None."""
        text = image.user_properties.get(JOURNAL)
        return None if text is None else Journal.parse(text)

    @staticmethod
    def parse(text: str) -> Journal | None:
        """Read a property's value.

        :param text: what an image carries; anybody may have written it
        :return: the journal, or None when it is none
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(data, dict) or data.get("v") != 1:
            return None
        words = [data.get(key) for key in ("self", "run", "host", "started", "action", "step")]
        image_id, run, host, started, action, step = (word if isinstance(word, str) else "" for word in words)
        old = data.get("old")
        if not image_id or not (old is None or isinstance(old, str)):
            return None
        if action not in ACTIONS.values() or step not in (NEW, PUBLISHED):
            return None
        return Journal(image_id, run, host, started, action, step, old)


@dataclass(frozen=True)
class Journals:
    """The journals of a region's images.

    :param by_image: UUID of the image → its journal, for valid journals
    :param temporary: UUIDs of unfinished images, and of the old images of published ones
    :param ignored: UUIDs that a plan ignores: ``temporary``, and images whose journal is not valid
    :param messages: a warning for each journal that is not valid
    """

    by_image: Mapping[str, Journal] = field(default_factory=dict)
    temporary: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    messages: tuple[Message, ...] = ()


NO_JOURNALS = Journals()


def read_journals(listing: Listing) -> Journals:
    """Read the journals of a region's images (sync 3.9, design 4.2).

    Nova copies properties into snapshots, and other projects can write them: a journal is valid only when it
    names the image that has it, and when that image and the old one belong to our project.

    :param listing: a region's images
    """
    marked = [image for image in listing.images if JOURNAL in image.user_properties]
    if not marked:
        return NO_JOURNALS
    by_id = {image.id: image for image in listing.images}
    by_image: dict[str, Journal] = {}
    temporary: set[str] = set()
    invalid: set[str] = set()
    messages = []
    for image in sorted(marked, key=lambda i: i.order):
        journal = Journal.of(image)
        if journal is None or not _is_valid(journal, image, by_id, listing):
            invalid.add(image.id)
            messages.append(
                Message.warning(
                    f"{listing.region}: image {image.name} (UUID {image.id}) carries a {JOURNAL} that is not its"
                    " own; it is treated as a local image and left alone. Remove the property to have it considered.",
                    image.name,
                )
            )
            continue
        by_image[image.id] = journal
        if journal.step == NEW:
            temporary.add(image.id)
        elif journal.old in by_id:
            temporary.add(journal.old)
    return Journals(by_image, frozenset(temporary), frozenset(temporary | invalid), tuple(messages))


def kept_images(listing: Listing) -> list[Image]:
    """The images of a backup: no unfinished ones, no journals (sync 3.9).

    :param listing: a region's images
    :return: by age
    """
    by_image = read_journals(listing).by_image
    unfinished = {uuid for uuid, journal in by_image.items() if journal.step == NEW}
    forget = Patch(remove=(JOURNAL,))
    return [
        forget.apply(image) if JOURNAL in image.user_properties else image
        for image in sorted(listing.images, key=lambda i: i.order)
        if image.id not in unfinished
    ]


def _is_valid(journal: Journal, image: Image, by_id: Mapping[str, Image], listing: Listing) -> bool:
    if journal.image_id != image.id or not listing.owns(image):
        return False
    if journal.old is None:
        return True
    if journal.old == image.id:
        return False
    old = by_id.get(journal.old)
    return old is None or (listing.owns(old) and is_old_name(old.name, image.name))
