"""What to do with the images that an interrupted run left (sync 3.9, design 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Image, Listing, same_content
from .journal import ACTIONS, PUBLISHED, Carriers, Journal
from .plan import Leftover, PlanEntry, Tidying


@dataclass(frozen=True, slots=True)
class PlanTime:
    """Where and when a plan is made.

    :param host: name of this host
    :param now: seconds since the epoch
    :param leftover_age: seconds after which another host's leftover may be removed
    :param busy: UUIDs of images that the region itself goes on filling
    """

    host: str
    now: float
    leftover_age: float
    busy: frozenset[str] = frozenset()


def find_leftovers(
    listing: Listing, carriers: Carriers, entries: Mapping[str, PlanEntry], here: PlanTime
) -> tuple[Leftover, ...]:
    """Decide about every carrier of a journal.

    :param listing: the region's images
    :param carriers: the journals among them that are believed
    :param entries: name → what the plan says when unfinished images are not looked at
    :param here: where and when this is
    """
    if not carriers.journals:
        return ()
    found: list[Leftover] = []
    finished: set[str] = set()
    for image in sorted(listing.images, key=lambda i: i.order):
        journal = carriers.journals.get(image.id)
        if journal is None:
            continue
        if journal.step == PUBLISHED:
            found.append(Leftover(image, journal, Tidying.SETTLE))
        elif image.id in here.busy or _is_anothers(journal, here):
            found.append(Leftover(image, journal, Tidying.WAIT))
        elif image.name not in finished and _finishable(image, journal, entries):
            finished.add(image.name)
            found.append(Leftover(image, journal, Tidying.FINISH, entries[image.name]))
        else:
            found.append(Leftover(image, journal, Tidying.REMOVE))
    return tuple(found)


def _is_anothers(journal: Journal, here: PlanTime) -> bool:
    """Whether a run on another host may still be at it."""
    return journal.host != here.host and here.now - journal.started_at < here.leftover_age


def _finishable(image: Image, journal: Journal, entries: Mapping[str, PlanEntry]) -> bool:
    """Whether the image is what the present plan would make, in place of the same old one."""
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
