"""The way ``embedded``: a region without bytes copies size and checksums at once (sync 4)."""

from __future__ import annotations

from ...base.errors import TransferError
from ..model import Image
from ..places import InstantCopy, Place
from .way import ProgressListener


class InstantCopyWay:
    """Has a region copy what the master states of an image."""

    name = "embedded"

    def fits(self, place: Place) -> bool:
        """Whether the region has no bytes."""
        return isinstance(place, InstantCopy)

    def why_unusable(self, image: Image, place: Place) -> str | None:
        """None: such a region can always copy."""
        return None

    def move(self, image: Image, place: Place, uuid: str, progress: ProgressListener) -> None:
        """Have the region copy the image."""
        if not isinstance(place, InstantCopy):
            raise TransferError("the region takes bytes only")
        place.adopt(uuid, image)

    def reject_content(self, image: Image, place: Place) -> bool:
        """The next copy would be the same."""
        return False
