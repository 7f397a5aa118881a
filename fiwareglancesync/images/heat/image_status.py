"""How an image stands in templates, a region and a shelf (vault 5.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ImageStatus(str, Enum):
    """What is the matter with an image; the worst comes first."""

    ALERT = "ALERT"
    IMAGE_MISSING = "imageMissing"
    BACKUP_MISSING = "bkpMissing"
    DIFFERS = "Differs"
    AMBIGUOUS = "Ambiguous"
    DEACTIVATED = "deactivated"
    BUSY = "busy"
    ELSEWHERE = "elsewhere"
    DELETE = "DeleteImage"
    ALL_GOOD = "ALLGOOD"

    def __str__(self) -> str:
        return self.value

    @property
    def is_of_table(self) -> bool:
        """Whether the three lists decide about it; the others are shown apart."""
        return self in LIST_FILES


WORST_FIRST = tuple(ImageStatus)
"""The order in which people read them."""

LIST_FILES = {
    ImageStatus.ALERT: "ALERT.txt",
    ImageStatus.ALL_GOOD: "ALLGOOD.txt",
    ImageStatus.DELETE: "ImageDelete.txt",
    ImageStatus.IMAGE_MISSING: "ImageMissing-Cluster.txt",
    ImageStatus.BACKUP_MISSING: "ImageMissing-Disk.txt",
}
"""The file that lists the images of a status."""


def classify(*, needed: bool, on_region: bool, on_shelf: bool) -> ImageStatus:
    """The status of an image that is in one of the three places at least.

    :param needed: whether templates need it
    :param on_region: whether the region has it
    :param on_shelf: whether the shelf has it
    """
    if not needed:
        return ImageStatus.DELETE
    if on_region and on_shelf:
        return ImageStatus.ALL_GOOD
    if on_region:
        return ImageStatus.BACKUP_MISSING
    return ImageStatus.IMAGE_MISSING if on_shelf else ImageStatus.ALERT


@dataclass(frozen=True, slots=True)
class TableRow:
    """One image in a table.

    :param needed: whether templates need it
    :param on_shelf: whether the shelf has it
    :param on_region: whether the region has it
    :param reason: what the user is to know besides, "" for nothing
    :param positions: where templates need it, as ``file:line``
    :param is_linked: whether the kernel and the ramdisk that it links to are there, or nothing can be done about that
    """

    name: str
    needed: bool
    on_shelf: bool
    on_region: bool
    status: ImageStatus
    reason: str = ""
    positions: tuple[str, ...] = ()
    is_linked: bool = True

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done for templates, and nobody has to look at it."""
        return not self.needed or (self.is_linked and self.status in (ImageStatus.ALL_GOOD, ImageStatus.ELSEWHERE))
