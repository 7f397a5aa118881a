"""What came of the images of a region, counted: each image is in exactly one group (sync 1.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from ...events import Action
from ..model import SyncStatus
from .outcome import ImageOutcome, RegionOutcome


class Group(Enum):
    """What was done with an image, or what a run would do with it."""

    OK = auto()
    UPLOAD = auto()
    REPLACE = auto()
    RENAME = auto()
    UPDATE = auto()
    TIDY = auto()
    UNDECIDED = auto()
    FAILED = auto()
    NOT_DONE = auto()
    LEFT_OUT = auto()


MOVED = frozenset({Group.UPLOAD, Group.REPLACE, Group.RENAME})
"""The groups of images whose bytes are moved."""

_OF_ACTION = {
    Action.UPLOAD: Group.UPLOAD,
    Action.REPLACE: Group.REPLACE,
    Action.RENAME: Group.RENAME,
    Action.METADATA: Group.UPDATE,
    Action.RELINK: Group.UPDATE,
    Action.OBSOLETE: Group.UPDATE,
    Action.TIDY: Group.TIDY,
    Action.SETTLE: Group.TIDY,
    Action.BACKUP: Group.UPDATE,
    Action.RECORD: Group.UPDATE,
}
"""A synchronisation does neither of the last two; a backup counts its images itself."""

_OF_STATUS = {
    SyncStatus.OK: Group.OK,
    SyncStatus.OK_STALLED_CHECKSUM: Group.OK,
    SyncStatus.ERROR_CHECKSUM: Group.UNDECIDED,
    SyncStatus.ERROR_AMI: Group.UNDECIDED,
    SyncStatus.PENDING_METADATA: Group.UPDATE,
    SyncStatus.PENDING_UPLOAD: Group.UPLOAD,
    SyncStatus.PENDING_REPLACE: Group.REPLACE,
    SyncStatus.PENDING_RENAME: Group.RENAME,
    SyncStatus.PENDING_AMI: Group.UPDATE,
}

_ORDER = (Group.FAILED, Group.UPLOAD, Group.REPLACE, Group.RENAME, Group.UPDATE, Group.TIDY)
"""Of several things that are done with one image, the one that it is counted under comes first here."""


class End(Enum):
    """How the work for a region ended."""

    DONE = auto()
    FAILED = auto()
    HELD = auto()
    """Another run holds the region."""
    INTERRUPTED = auto()


@dataclass(frozen=True)
class RegionCounts:
    """What came of a region.

    :param region: its full name
    :param end: how the work ended
    :param images: number of images by group
    :param size: bytes that were moved, or that a run would move
    """

    region: str
    end: End
    images: Mapping[Group, int]
    size: int = 0


def count_done(outcome: RegionOutcome, end: End) -> RegionCounts:
    """Count what a synchronisation has done.

    :param outcome: of the region
    :param end: how the work ended
    """
    groups = _groups(outcome)
    for name, status in outcome.statuses:
        groups.setdefault(name, Group.NOT_DONE if status.pending else _OF_STATUS[status])
    return RegionCounts(outcome.region, end, _counted(groups, outcome), outcome.bytes_moved)


def count_pending(outcome: RegionOutcome, end: End) -> RegionCounts:
    """Count the images by what a synchronisation would do with them; those without status too.

    :param outcome: of the region
    :param end: how the work ended
    """
    groups = _groups(outcome)
    for name, status in outcome.statuses:
        groups.setdefault(name, _OF_STATUS[status])
    others = Counter({Group.UPDATE: outcome.obsolete_changes, Group.TIDY: outcome.leftovers})
    return RegionCounts(outcome.region, end, +(_counted(groups, outcome) + others), outcome.pending_bytes)


def total(counts: Iterable[RegionCounts]) -> Counter[Group]:
    """The number of images of all regions by group; an image of several regions counts in each."""
    found: Counter[Group] = Counter()
    for each in counts:
        found.update(each.images)
    return found


def _groups(outcome: RegionOutcome) -> dict[str, Group]:
    """The groups of the images that were acted on, could not be, or are left out, by name."""
    acts: dict[str, set[Group]] = {}
    for image in outcome.images:
        acts.setdefault(image.image, set()).add(_group(image))
    statuses = dict(outcome.statuses)
    for name in [name for name, groups in acts.items() if groups == {Group.TIDY} and name in statuses]:
        del acts[name]  # its status says more
    groups = {name: min(groups, key=_ORDER.index) for name, groups in acts.items()}
    for name, _ in outcome.left_out:
        groups.setdefault(name, Group.LEFT_OUT)
    return groups


def _counted(groups: Mapping[str, Group], outcome: RegionOutcome) -> Counter[Group]:
    """The number of images by group; several that are left out may have one name."""
    counts = Counter(groups.values())
    if counts[Group.LEFT_OUT]:
        counts[Group.LEFT_OUT] = sum(groups[name] is Group.LEFT_OUT for name, _ in outcome.left_out)
    return +counts


def _group(image: ImageOutcome) -> Group:
    return Group.FAILED if image.error is not None or image.action is None else _OF_ACTION[image.action]
