"""The plan of one region: what every status, dry-run and synchronisation is a rendering of (design 1)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ...base.messages import Message
from ..model import NO_PROPERTIES, Image, Patch, SyncStatus
from .journal import Journal
from .members import NO_CHANGE, MemberChange
from .selection import LeftOut

NO_PATCH = Patch()

REPLACING = frozenset({SyncStatus.PENDING_REPLACE, SyncStatus.PENDING_RENAME})
"""The statuses of images whose old one is replaced or renamed."""


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """The status of one selected image in one region, and what a run would do.

    :param status: sync 3.4
    :param image: the master's image
    :param region_image: the region's image of that name, or None
    :param properties: what a new image would carry, links left out (sync 3.5)
    :param patch: what brings ``region_image`` in line, the links to images that are already there included
    :param links: property → name of the linked image, for the links that are set when that image has been made
    :param old: the region's own image that is deleted or renamed when the new one is there
    :param old_name: the name that ``old`` gets
    :param reason: what to do or why, for the user; None when there is nothing to say
    :param blocked: why the change cannot be made now although it is pending; None when it can
    :param message: the message that reports ``blocked`` once for all the images that it concerns; None when each
        image reports its own
    :param notes: differences that a synchronisation does not settle
    :param members: what is changed about the projects that the image is shared with, after everything else
    :param restores: whether the image is restored (vault 4): a new one gets the UUID of ``image`` if that is free, and
        stays private if the region refuses its visibility
    :param differences: what a run would bring in line, a phrase each: ``nid_version 1 → 2``
    """

    status: SyncStatus
    image: Image
    region_image: Image | None = None
    properties: Mapping[str, str] = NO_PROPERTIES
    patch: Patch = NO_PATCH
    links: Mapping[str, str] = NO_PROPERTIES
    old: Image | None = None
    old_name: str = ""
    reason: str | None = None
    blocked: str | None = None
    message: Message | None = None
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    members: MemberChange = NO_CHANGE
    restores: bool = False

    @property
    def name(self) -> str:
        """The image's name, the same in every region."""
        return self.image.name

    @property
    def label(self) -> str:
        """What users read of the image: its name, or its UUID in the master where it has none."""
        return self.image.label

    @property
    def size(self) -> int:
        """Bytes of the master's image."""
        return self.image.size or 0


def failed_link(entry: PlanEntry, failed: Container[str]) -> str | None:
    """Why an entry is not attempted when images that it links to have failed (sync 3.7); None when it is.

    :param entry: the entry
    :param failed: names of the images that have failed
    """
    name = next((name for name in entry.links.values() if name in failed), None)
    return None if name is None else f"it links to {name}, which failed"


@dataclass(frozen=True, slots=True)
class ObsoleteChange:
    """An image of the region that follows one which the master has marked as obsolete, or hidden (sync 3.8).

    :param name: the name that it has afterwards, with ``_obsolete`` unless it is hidden
    :param image: the region's image
    :param patch: name, visibility and properties, in one
    :param differences: what that brings in line, a phrase each
    """

    name: str
    image: Image
    patch: Patch
    differences: tuple[str, ...] = ()


class Tidying(Enum):
    """What is to be done with what an interrupted run left (sync 3.9)."""

    FINISH = "finish"
    REMOVE = "remove"
    SETTLE = "settle"
    WAIT = "wait"
    FILL = "fill"
    """It stays: the change that the plan has goes on with it, so that its UUID is not lost (vault 4)."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """An image whose journal says that a change did not end.

    :param image: the image with the journal
    :param entry: for ``FINISH``, the entry whose new image this is
    """

    image: Image
    journal: Journal
    tidying: Tidying
    entry: PlanEntry | None = None


@dataclass(frozen=True)
class RegionPlan:
    """The plan of one region.

    :param region: its full name
    :param project: id of the project that owns our images there
    :param entries: a row per selected image, by the master's size, then by name
    :param building_order: the names of the entries, linked images before those that need them
    :param moves: the entries that make a new image, in the order in which they are made (sync 3.7)
    :param obsolete: the changes that follow the master's obsolete images
    :param leftovers: what an interrupted run left
    :param messages: warnings and errors found while planning
    :param left_out: the master's images that are selected and cannot be synchronised (sync 3.1)
    """

    region: str
    project: str
    entries: tuple[PlanEntry, ...] = field(repr=False)
    building_order: tuple[str, ...] = field(default=(), repr=False)
    moves: tuple[PlanEntry, ...] = field(default=(), repr=False)
    obsolete: tuple[ObsoleteChange, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    messages: tuple[Message, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def updates(self) -> tuple[PlanEntry, ...]:
        """The entries whose metadata is updated before anything is uploaded."""
        return tuple(e for e in self.entries if e.status is SyncStatus.PENDING_METADATA)

    @property
    def relinks(self) -> tuple[PlanEntry, ...]:
        """The entries that are updated after the images that they link to have been made."""
        return tuple(e for e in self.entries if e.status is SyncStatus.PENDING_AMI)

    @property
    def in_step(self) -> bool:
        """Whether nothing is to be uploaded, replaced, renamed or updated."""
        return not self.obsolete and not any(entry.status.pending for entry in self.entries)

    @property
    def tidyings(self) -> tuple[Leftover, ...]:
        """The leftovers that a run settles before anything else."""
        return tuple(left for left in self.leftovers if left.tidying not in (Tidying.WAIT, Tidying.FILL))

    @property
    def obstacles(self) -> Mapping[str, str]:
        """Why a change cannot be made, by the image's name, as far as that is known before anything is tried."""
        found: dict[str, str] = {}
        for entry in (*self.updates, *self.moves, *self.relinks):
            obstacle = entry.blocked or failed_link(entry, found)
            if obstacle is not None:
                found[entry.name] = obstacle
        return found

    @property
    def pending_bytes(self) -> int:
        """Bytes of all images that a run would move."""
        obstacles = self.obstacles
        return sum(entry.size for entry in self.moves if entry.name not in obstacles)

    @property
    def undecided(self) -> int:
        """Number of images that await a decision of the user."""
        return sum(entry.status.error for entry in self.entries)
