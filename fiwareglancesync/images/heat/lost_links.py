"""Links of an image to a kernel or a ramdisk that is gone, where the region has another one of its name. Pure.

A kernel that was deleted and comes back has another UUID. A healing that is killed right after that, or a user who
uploads it again, leaves images that link to the former one, and no server can be started from them (vault 5.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..model import LINKS, Image, Listing, normal_uuid


@dataclass(frozen=True, slots=True)
class LostLinks:
    """The links of one image that are to be changed.

    :param new: property → UUID of the image that it is to name
    :param names: property → name of that image
    """

    new: Mapping[str, str]
    names: Mapping[str, str]

    @property
    def text(self) -> str:
        """What users read."""
        return ", ".join(f"{key} names an image that is gone, and not {name}" for key, name in self.names.items())


def lost_links(image: Image, region: Listing, shelf: Listing, successor: Callable[[str], str | None]) -> LostLinks:
    """The links of an image of the region that are to be changed.

    :param region: all images of the region
    :param shelf: the images of the shelf, which has the names of those that are gone
    :param successor: returns the UUID of the image of the region that has a name and the same bytes as on the shelf;
        None where there is none, or several
    """
    there = {normal_uuid(each.id) for each in region.images}
    kept = {normal_uuid(each.id): each.label for each in shelf.images}
    new, names = {}, {}
    for key in LINKS:
        uuid = normal_uuid(image.user_properties.get(key, ""))
        name = kept.get(uuid) if uuid not in there else None
        found = successor(name) if name is not None else None
        if name is not None and found is not None:
            new[key], names[key] = found, name
    return LostLinks(new, names)
