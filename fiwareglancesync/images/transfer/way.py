"""The protocol of the ways to move the content of an image (design 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from ..model import Image
from ..places import Place

ProgressListener: TypeAlias = Callable[[int], None]
"""Takes the number of bytes moved so far. What it raises ends the move."""

Digests: TypeAlias = Mapping[str, str]
"""Algorithm → hash in hexadecimal."""

UNHASHED = "the master states no checksum of the image, so it has to be hashed on its way"
"""Why a way that does not read the content here cannot take an image without hash (sync 3.1)."""


class Way(Protocol):
    """A way to move the content of one image of the master into one image of a region."""

    @property
    def name(self) -> str:
        """The name that reports show, and that ``--transfer`` accepts."""
        ...

    def fits(self, place: Place) -> bool:
        """Whether regions of this kind get their content in this way."""
        ...

    def why_unusable(self, image: Image, place: Place) -> str | None:
        """Why the image cannot be moved in this way now; None when it can.

        :param image: the master's image
        :param place: the region
        """
        ...

    def move(self, image: Image, place: Place, uuid: str, progress: ProgressListener) -> Digests | None:
        """Move the content of an image.

        :param image: the master's image
        :param place: the region
        :param uuid: UUID of the image there, which has no content yet
        :param progress: is called with the bytes moved so far
        :return: the hashes of what was sent, for an image of which the master states none; None for others
        :raises SourceBroke: the source stopped; another reading may succeed
        :raises TransferError: another way may succeed
        :raises VerificationError: the region changed the image
        :raises CloudError: the region refuses the content
        """
        ...

    def reject_content(self, image: Image, place: Place) -> bool:
        """Note that the content that came this way was wrong.

        :param image: the master's image
        :param place: the region
        :return: whether the same way may bring other content the next time
        """
        ...
