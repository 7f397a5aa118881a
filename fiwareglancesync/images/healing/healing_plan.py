"""What healing does, by a comparison (vault 5.3). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..backup.backup_plan import BackupScope
from ..heat.image_comparison import ACTIVE, ComparedImage, Comparison
from ..heat.image_status import ImageStatus
from ..model import Image, normal_uuid
from ..planning.journal import read_journals


@dataclass(frozen=True)
class HealingPlan:
    """What is done, beside removals.

    :param reverts: images of which one that is hidden before its deletion is made visible again
    :param restores: images that come back from the shelf
    :param unfinished: images that an interrupted restore has published, without what comes after that
    :param relinks: images of the region that link to a kernel or a ramdisk that is gone
    :param backups: images of the region that the shelf does not have, or has with other bytes
    :param scope: which images the backup is about
    :param backs_up: whether a backup is made
    """

    reverts: tuple[ComparedImage, ...]
    restores: tuple[ComparedImage, ...]
    unfinished: tuple[ComparedImage, ...]
    relinks: tuple[ComparedImage, ...]
    backups: tuple[ComparedImage, ...]
    scope: BackupScope
    backs_up: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.reverts or self.restores or self.unfinished or self.relinks or self.backs_up)


def plan_healing(comparison: Comparison) -> HealingPlan:
    """Decide what is done.

    :param comparison: of templates, region and shelf
    """
    missing = comparison.of(ImageStatus.IMAGE_MISSING)
    backups = tuple(comparison.of(ImageStatus.BACKUP_MISSING, ImageStatus.DIFFERS))
    return HealingPlan(
        tuple(row for row in missing if row.hidden),
        tuple(row for row in missing if not row.hidden),
        tuple(_unfinished(comparison)),
        tuple(row for row in comparison.rows if row.lost_links is not None),
        backups,
        scope_of(comparison),
        bool(backups or _renamed(comparison)),
    )


def _unfinished(comparison: Comparison) -> Iterator[ComparedImage]:
    """The rows of needed images of which a restore has to finish its change; the shelf has the same bytes."""
    changed = read_journals(comparison.region).by_image
    for row in comparison.of(ImageStatus.ALL_GOOD) if changed else ():
        if any(image.id in changed for image in row.own):
            yield row


def reverted(row: ComparedImage) -> Image:
    """The image of a row that is made visible again: of several hidden ones the newest.

    :param row: one with a hidden image
    """
    return max(row.hidden, key=lambda image: image.order)


def scope_of(comparison: Comparison, leaving: frozenset[str] = frozenset()) -> BackupScope:
    """Which images a backup is about: those that are needed, also those that are made visible again before it.

    :param leaving: UUIDs of images of the shelf that leave it
    """
    needed = [row for row in comparison.rows if row.needed]
    images = {image.id for row in needed for image in row.own if image.status == ACTIVE}
    visible_again = {reverted(row).id for row in needed if row.status is ImageStatus.IMAGE_MISSING and row.hidden}
    return BackupScope(frozenset(images | visible_again | _renamed(comparison)), leaving)


def _renamed(comparison: Comparison) -> set[str]:
    """UUIDs of images of the region that the shelf has under a name which a needed image of the region has by now.

    Without a new record the shelf would have two images of that name, and could restore neither.
    """
    kept = {normal_uuid(image.id): image.label for image in comparison.shelf.images}
    found = set()
    for image in filter(comparison.region.owns, comparison.region.images):
        former = kept.get(normal_uuid(image.id), image.label)
        row = comparison.by_name.get(former) if former != image.label and image.status == ACTIVE else None
        if row is not None and row.needed and row.on_region:
            found.add(image.id)
    return found
