"""The way ``server``: the region fetches the image from the master; no byte passes through here (design 6)."""

from __future__ import annotations

from ...base.errors import TransferError, VerificationError
from ..model import JOURNAL, LINKS, Image
from ..places import InstantCopy, Place, PlaceIdentity, ReadablePlace, ServerImport
from .way import UNHASHED, ProgressListener

NOT_ABLE = "the region cannot fetch images by itself"


class ServerWay:
    """Lets regions fetch what they lack. It is not used again for a region that changes what it fetches.

    :param master: the master region
    """

    name = "server"

    def __init__(self, master: ReadablePlace) -> None:
        self._master = master
        self._changing: dict[PlaceIdentity, str] = {}
        """Regions that change what they fetch, with how they do."""

    def fits(self, place: Place) -> bool:
        """Whether the region takes bytes."""
        return not isinstance(place, InstantCopy)

    def why_unusable(self, image: Image, place: Place) -> str | None:
        """Why the region cannot fetch the image; None when it can, as far as it reports."""
        if not image.has_content_hash:
            return UNHASHED
        if not isinstance(place, ServerImport):
            return NOT_ABLE
        return self._changing.get(place.identity) or place.why_unable_to_import(self._master)

    def move(self, image: Image, place: Place, uuid: str, progress: ProgressListener) -> None:
        """Let the region fetch the image.

        :param progress: is called with 0 until all bytes are there: a region does not report more
        :raises TransferError: the region cannot fetch it; another way may work
        :raises VerificationError: the region changed the formats of the image
        """
        if not isinstance(place, ServerImport):
            raise TransferError(NOT_ABLE)
        filled = place.import_from(uuid, self._master, image, progress)
        formats = [(i.disk_format, i.container_format) for i in (filled, image)]
        if formats[0] != formats[1]:
            mine, theirs = ("/".join(str(each) for each in pair) for pair in formats)
            raise VerificationError(f"the region made it {mine}, in the master it is {theirs}")
        added = _added(image, filled)
        if added:
            # Publishing this image removes them; a region that adds properties may change more in the next image.
            self._changing[place.identity] = f"the region adds properties to what it fetches ({', '.join(added)})"
        progress(image.size or 0)

    def reject_content(self, image: Image, place: Place) -> bool:
        """Note that a region changes content that it fetches. It would do so again."""
        self._changing[place.identity] = "the region changes what it fetches"
        return False


def _added(image: Image, filled: Image) -> list[str]:
    """Names of the properties of a fetched image that neither the master nor this program gave it."""
    ours = (JOURNAL, *LINKS)
    given = image.user_properties
    return sorted(key for key, value in filled.user_properties.items() if key not in ours and given.get(key) != value)
