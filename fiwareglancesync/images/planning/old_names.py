"""The names of images that another image has replaced: ``N.old``, ``N.old.2`` … (sync 3.7)."""

from __future__ import annotations

import re

from ..model import OBSOLETE, Listing

OLD_SUFFIX = re.compile(r"\.old(\.[0-9]+)?\Z")
"""The end of the name of a replaced image."""


class OldNames:
    """Chooses free names for replaced images.

    :param listing: a region's images
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._taken: set[str] | None = None

    def take(self, name: str) -> str:
        """The next free ``N.old``, ``N.old.2`` …, which is not free afterwards."""
        if self._taken is None:
            self._taken = {image.name for image in self._listing.images}
        candidate, number = f"{name}.old", 2
        while candidate in self._taken:
            candidate, number = f"{name}.old.{number}", number + 1
        self._taken.add(candidate)
        return candidate


def former_names(name: str) -> frozenset[str]:
    """The names that an image may have had when it replaced another one.

    Since then it may have become obsolete, or may have been replaced itself.

    :param name: its name now
    """
    return frozenset((name, name.removesuffix(OBSOLETE), OLD_SUFFIX.sub("", name)))


def is_old_name(name: str, of: str) -> bool:
    """Whether a name is that of an image which another image has replaced, before or after its renaming.

    :param name: the name to judge
    :param of: the name of the image that replaced it
    """
    return not former_names(of).isdisjoint((name, OLD_SUFFIX.sub("", name)))
