"""The journal of a change: a property of the new image, so that it survives whatever happens to us (design 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...base.messages import Message
from ..model import JOURNAL, OBSOLETE, Image, Listing, Patch, SyncStatus, seconds_since_epoch

NEW = "new"
PUBLISHED = "published"

ACTIONS: Mapping[SyncStatus, str] = MappingProxyType(
    {
        SyncStatus.PENDING_UPLOAD: "upload",
        SyncStatus.PENDING_REPLACE: "replace",
        SyncStatus.PENDING_RENAME: "rename",
    }
)
"""What the journal calls the change that a status asks for."""

REPLACE = ACTIONS[SyncStatus.PENDING_REPLACE]

OLD_SUFFIX = re.compile(r"\.old(\.[0-9]+)?\Z")
"""What the name of an image that made way for another one ends in (sync 3.7)."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What ``glancesync_pending`` says (design 4.1).

    :param carrier: UUID of the image that carries it
    :param run: id of the run that wrote it
    :param host: name of the host where that run was
    :param started: ISO 8601 time in UTC when the change began
    :param action: ``upload``, ``replace`` or ``rename``
    :param step: ``new`` until the image is published, then ``published``
    :param old: UUID of the image that it takes the place of, or None
    """

    carrier: str
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
                "self": self.carrier,
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
        carrier, run, host, started, action, step = (word if isinstance(word, str) else "" for word in words)
        old = data.get("old")
        if not carrier or not (old is None or isinstance(old, str)):
            return None
        if action not in ACTIONS.values() or step not in (NEW, PUBLISHED):
            return None
        return Journal(carrier, run, host, started, action, step, old)


@dataclass(frozen=True)
class Carriers:
    """The images of a listing that carry a journal, sorted by whether it is to be believed.

    :param journals: UUID of the carrier → its journal, for those that are believed
    :param passing: UUIDs of unfinished images and of the old ones of published images
    :param hidden: UUIDs that a plan does not look at: these, and local images with a journal that is not their own
    """

    journals: Mapping[str, Journal] = field(default_factory=dict)
    passing: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    messages: tuple[Message, ...] = ()


NO_CARRIERS = Carriers()


def former_names(name: str) -> frozenset[str]:
    """The names that an image may have had when it took another one's place.

    It may have become obsolete since, or have made way itself before the other one was gone.

    :param name: its name now
    """
    return frozenset((name, name.removesuffix(OBSOLETE), OLD_SUFFIX.sub("", name)))


def is_old_name(name: str, of: str) -> bool:
    """Whether a name is the one that the old image of another one has, or gets.

    :param name: the name to judge
    :param of: the name of the image that took its place
    """
    return not former_names(of).isdisjoint((name, OLD_SUFFIX.sub("", name)))


def read_carriers(listing: Listing) -> Carriers:
    """Find the carriers of our journal (sync 3.9, design 4.2).

    Nova copies properties into snapshots, and strangers can write them: a journal is believed only when it
    names its own carrier, and when that and the old image are ours.

    :param listing: a region's images
    """
    marked = [image for image in listing.images if JOURNAL in image.user_properties]
    if not marked:
        return NO_CARRIERS
    by_id = {image.id: image for image in listing.images}
    journals: dict[str, Journal] = {}
    passing: set[str] = set()
    disbelieved: set[str] = set()
    messages = []
    for image in sorted(marked, key=lambda i: i.order):
        journal = Journal.of(image)
        if journal is None or not _believed(journal, image, by_id, listing):
            disbelieved.add(image.id)
            messages.append(
                Message.warning(
                    f"{listing.region}: image {image.name} (UUID {image.id}) carries a {JOURNAL} that is not its"
                    " own; it is treated as a local image and left alone. Remove the property to have it considered.",
                    image.name,
                )
            )
            continue
        journals[image.id] = journal
        if journal.step == NEW:
            passing.add(image.id)
        elif journal.old in by_id:
            passing.add(journal.old)
    return Carriers(journals, frozenset(passing), frozenset(passing | disbelieved), tuple(messages))


def kept_images(listing: Listing) -> list[Image]:
    """The images of a backup: no unfinished ones, no journals (sync 3.9).

    :param listing: a region's images
    :return: by age
    """
    journals = read_carriers(listing).journals
    unfinished = {uuid for uuid, journal in journals.items() if journal.step == NEW}
    forget = Patch(remove=(JOURNAL,))
    return [
        forget.apply(image) if JOURNAL in image.user_properties else image
        for image in sorted(listing.images, key=lambda i: i.order)
        if image.id not in unfinished
    ]


def _believed(journal: Journal, image: Image, by_id: Mapping[str, Image], listing: Listing) -> bool:
    if journal.carrier != image.id or not listing.owns(image):
        return False
    if journal.old is None:
        return True
    if journal.old == image.id:
        return False
    old = by_id.get(journal.old)
    return old is None or (listing.owns(old) and is_old_name(old.name, image.name))
