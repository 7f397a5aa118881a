"""The names that images get when another takes their place (sync 3.7)."""

from __future__ import annotations

from ..model import Listing


class OldNames:
    """Gives out free names; the taken ones are gathered when the first is wanted.

    :param listing: a region's images
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._taken: set[str] | None = None

    def take(self, name: str) -> str:
        """The next free ``N.old``, ``N.old.2`` …, which counts as taken from now on."""
        if self._taken is None:
            self._taken = {image.name for image in self._listing.images}
        candidate, number = f"{name}.old", 2
        while candidate in self._taken:
            candidate, number = f"{name}.old.{number}", number + 1
        self._taken.add(candidate)
        return candidate
