"""The property of an image that is hidden before it is deleted (vault 5.3). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .model import Image, Patch, normal_uuid

REMOVAL = "glancesync_removal"
"""The property."""

VERSION = 1

PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class RemovalMark:
    """What the property says.

    :param id: UUID of the image that carries it; of a copy of the property the mark says nothing
    :param name: its name
    :param visibility: what it was before
    :param hidden: whether it was hidden before
    :param since: when it was marked
    """

    id: str
    name: str
    visibility: str
    hidden: bool
    since: datetime

    def text(self) -> str:
        """The value of the property."""
        fields = {
            "v": VERSION,
            "self": self.id,
            "name": self.name,
            "visibility": self.visibility,
            "hidden": self.hidden,
            "since": self.since.astimezone(timezone.utc).isoformat(timespec="seconds"),
        }
        return json.dumps(fields, separators=(",", ":"))


def mark_of(image: Image) -> RemovalMark | None:
    """The mark of an image; None when it has none, or that of another image.

    Anybody can write properties, and Nova copies them into snapshots: a mark that does not name its carrier by UUID and
    name is no mark.

    :param image: an image of the project
    """
    text = image.user_properties.get(REMOVAL)
    if text is None:
        return None
    try:
        mark = _read(json.loads(text))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return mark if (normal_uuid(mark.id), mark.name) == (normal_uuid(image.id), image.name) else None


def _read(fields: Any) -> RemovalMark:
    since = datetime.fromisoformat(fields["since"])
    if fields["v"] != VERSION or since.tzinfo is None or not isinstance(fields["hidden"], bool):
        raise ValueError(fields)
    return RemovalMark(str(fields["self"]), str(fields["name"]), str(fields["visibility"]), fields["hidden"], since)


def is_hidden_for_removal(image: Image) -> bool:
    """Whether an image is as the program hid it; if a user has made it visible since, it is not to be deleted.

    :param image: an image of the project
    """
    return image.hidden and image.visibility == PRIVATE and not image.protected and mark_of(image) is not None


def hiding(image: Image, now: datetime) -> Patch:
    """The change that hides an image and marks it.

    :param now: the present time
    """
    mark = RemovalMark(image.id, image.name, image.visibility, image.hidden, now)
    return Patch(visibility=PRIVATE, hidden=True, set={REMOVAL: mark.text()})


def reverting(image: Image) -> Patch:
    """The change that makes an image what it was before it was hidden.

    :param image: one that has a mark
    """
    mark = mark_of(image)
    if mark is None:
        raise ValueError(f"image {image.id} has no mark")
    visibility = None if image.visibility == mark.visibility else mark.visibility
    return Patch(visibility=visibility, hidden=mark.hidden, remove=(REMOVAL,))


def as_before_hiding(image: Image) -> Image:
    """An image as it was before it was hidden; others stay as they are.

    :param image: an image as a backup has it
    """
    return reverting(image).apply(image) if is_hidden_for_removal(image) else image
