"""The way ``server``: the region fetches the image from the master by itself, and no byte passes here (design 6)."""

from __future__ import annotations

from collections.abc import Callable

from ...base.errors import TransferError, VerificationError
from ..model import JOURNAL, LINKS, Image
from ..places import Place, PlaceIdentity, ServerImport

NOT_ABLE = "the region cannot fetch images by itself"


class ServerWay:
    """Lets regions fetch what they lack; knows which of them cannot, or change what they fetch.

    :param master: the master region
    """

    way = "server"

    def __init__(self, master: Place) -> None:
        self._master = master
        self._distrusted: dict[PlaceIdentity, str] = {}

    def refusal(self, place: Place) -> str | None:
        """Why a region cannot be filled this way; None when it can, as far as it tells."""
        if not isinstance(place, ServerImport):
            return NOT_ABLE
        return self._distrusted.get(place.identity) or place.can_import_from(self._master)

    def pull(self, image: Image, place: Place, uuid: str, progress: Callable[[int], None]) -> None:
        """Let a region fetch an image.

        :param image: the master's image
        :param place: the region
        :param uuid: the image there that is to be filled
        :param progress: told the bytes moved: 0 again and again, and at the end all, for in between nobody knows
        :raises TransferError: it cannot; another way may work
        :raises VerificationError: it changed the image's formats
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
            # This image is mended when it is published; whoever adds properties may do more with the next one.
            self._distrusted[place.identity] = f"the region adds properties to what it fetches ({', '.join(added)})"
        progress(image.size or 0)

    def reject_content(self, place: Place) -> None:
        """Take note that what a region fetched was not the image's content: its plugins change it."""
        self._distrusted[place.identity] = "the region changes what it fetches"


def _added(image: Image, filled: Image) -> list[str]:
    """Properties of a fetched image that neither the master nor we gave it, by name."""
    ours = (JOURNAL, *LINKS)
    given = image.user_properties
    return sorted(key for key, value in filled.user_properties.items() if key not in ours and given.get(key) != value)
