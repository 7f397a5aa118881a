"""Moves the content of one image of the master into one image of a region, by the way that is chosen (design 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model import Image
from ..places import Place
from .instant_copy import InstantCopyWay
from .way import Digests, ProgressListener, Way

AUTO = "auto"
"""What ``--transfer`` has when it forces no way."""


@dataclass(frozen=True)
class Moved:
    """How the content of an image was moved.

    :param way: name of the way
    :param size: bytes
    :param digests: the hashes of what was sent, for an image of which the master states none; None for others
    """

    way: str
    size: int
    digests: Digests | None = None


class Mover:
    """The ways to move content, in the order of preference.

    :param ways: the ways for regions that take bytes
    :param forced: name of the only way allowed, or ``auto``
    """

    def __init__(self, ways: Sequence[Way], forced: str = AUTO) -> None:
        self._ways: list[Way] = [InstantCopyWay(), *(way for way in ways if forced in (AUTO, way.name))]

    def ways(self, image: Image, place: Place) -> Iterator[tuple[str, str | None]]:
        """List the ways in which an image can get into a region. Each is asked only when its turn comes.

        :param image: the master's image
        :param place: the region
        :return: names of the ways, the preferred one first, each with the reason why it cannot be taken, None when it
            can
        """
        return ((way.name, way.why_unusable(image, place)) for way in self._ways if way.fits(place))

    def move(self, way: str, image: Image, place: Place, uuid: str, progress: ProgressListener) -> Moved:
        """Move the content of an image; see :meth:`.way.Way.move`.

        :param way: one of :meth:`ways`
        """
        digests = self._named(way).move(image, place, uuid, progress)
        return Moved(way, image.size or 0, digests)

    def reject_content(self, way: str, image: Image, place: Place) -> bool:
        """Note that the content that came by a way was wrong; see :meth:`.way.Way.reject_content`.

        :param way: one of :meth:`ways`
        """
        return self._named(way).reject_content(image, place)

    def _named(self, name: str) -> Way:
        return next(way for way in self._ways if way.name == name)
