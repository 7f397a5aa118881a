"""What a run does with the images that an interrupted run left (sync 3.9, design 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Image, Listing, same_content
from .journal import ACTIONS, PUBLISHED, Journal, Journals
from .plan import Leftover, PlanEntry, Tidying

UNFILLED = ("queued", "saving")
"""The states of an image without content; Glance needs a moment to notice that an upload has ended."""


@dataclass(frozen=True, slots=True)
class PlanTime:
    """The host and the time for which a plan is made.

    :param host: name of this host
    :param now: seconds since the epoch
    :param leftover_age: seconds after which an image that a run on another host left may be removed
    :param busy: UUIDs of images into which the region itself is still importing content
    """

    host: str
    now: float
    leftover_age: float
    busy: frozenset[str] = frozenset()


def find_leftovers(
    listing: Listing, journals: Journals, entries: Mapping[str, PlanEntry], time: PlanTime
) -> tuple[Leftover, ...]:
    """Decide about every image with a journal.

    :param listing: the region's images
    :param journals: the journals of these images
    :param entries: name → its entry in a plan that ignores unfinished images
    :param time: the host and the time of the plan
    """
    if not journals.by_image:
        return ()
    found: list[Leftover] = []
    finished: set[str] = set()
    for image in sorted(listing.images, key=lambda i: i.order):
        journal = journals.by_image.get(image.id)
        if journal is None:
            continue
        if journal.step == PUBLISHED:
            found.append(Leftover(image, journal, Tidying.SETTLE))
        elif image.id in time.busy or _may_be_in_use(journal, time):
            found.append(Leftover(image, journal, Tidying.WAIT))
        elif image.name not in finished and _finishable(image, journal, entries):
            finished.add(image.name)
            found.append(Leftover(image, journal, Tidying.FINISH, entries[image.name]))
        elif _can_be_filled(image, journal, entries):
            found.append(Leftover(image, journal, Tidying.FILL))
        else:
            found.append(Leftover(image, journal, Tidying.REMOVE))
    return tuple(found)


def _may_be_in_use(journal: Journal, time: PlanTime) -> bool:
    """Whether a run on another host may still be making the image."""
    return journal.host != time.host and time.now - journal.started_at < time.leftover_age


def _can_be_filled(image: Image, journal: Journal, entries: Mapping[str, PlanEntry]) -> bool:
    """Whether a restore can go on with an image that has no content yet. Glance never gives its UUID again."""
    entry = entries.get(image.name)
    if entry is None or not entry.restores or entry.blocked or image.id != entry.image.id:
        return False
    made = entry.image
    return (
        image.status in UNFILLED
        and ACTIONS.get(entry.status) == journal.action
        and (entry.old.id if entry.old else None) == journal.old
        and (image.disk_format, image.container_format) == (made.disk_format, made.container_format)
        and (image.min_disk, image.min_ram, image.hidden) == (made.min_disk, made.min_ram, made.hidden)
        and sorted(image.tags) == sorted(made.tags)
    )


def _finishable(image: Image, journal: Journal, entries: Mapping[str, PlanEntry]) -> bool:
    """Whether the plan would make this very image, and replace the same old one."""
    entry = entries.get(image.name)
    if entry is None or entry.blocked or ACTIONS.get(entry.status) != journal.action:
        return False
    same_old = (entry.old.id if entry.old else None) == journal.old
    linked_are_there = all(not entries[name].status.moves_content for name in entry.links.values())
    return (
        same_old
        and linked_are_there
        and image.is_active
        and image.size == entry.image.size
        and same_content(entry.image, image)
    )
