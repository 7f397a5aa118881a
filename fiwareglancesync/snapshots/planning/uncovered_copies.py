"""Copies that no job covers: orphans, and those of departed images (snapshots 4.5). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from ..ceph.ceph_model import ImageRef, ImageState
from ..inventory.server_inventory import InventoryRecord
from ..snapshot_model import Copy, JobKey
from .snapshot_jobs import Job

DEPARTED_STATES = frozenset({ImageState.DELETED, ImageState.TRASHED})
"""What Cinder makes of an image that snapshots keep."""


class Uncovered(Enum):
    """Why no job covers a copy."""

    ORPHAN = "orphan"
    """Its volume is in no server, or the set has another name."""

    DEPARTED = "departed"
    """Its volume was deleted, and its image is only there because of snapshots."""


@dataclass(frozen=True, slots=True)
class UncoveredSet:
    """The copies of an image and a set that no job covers.

    :param since: when that was first seen
    :param newest: the newest of all copies of the volume
    """

    kind: Uncovered
    since: datetime
    copies: tuple[Copy, ...]
    newest: Copy

    @property
    def removable(self) -> list[Copy]:
        """The copies that may go when somebody asks for it: all but the newest of the volume."""
        return [copy for copy in self.copies if copy != self.newest]

    def expired(self, now: datetime, orphan_keep: timedelta, deleted_keep: timedelta) -> list[Copy]:
        """The copies whose time is over.

        :param orphan_keep: how long orphans are kept, 0 for ever
        :param deleted_keep: how long copies of departed images are kept
        """
        if self.kind is Uncovered.DEPARTED:
            return list(self.copies) if now - self.since >= deleted_keep else []
        if not orphan_keep or now - self.since < orphan_keep:
            return []
        return self.removable


@dataclass(frozen=True, slots=True)
class UncoveredCopies:
    """All copies that no job covers.

    :param sets: by image and set
    :param closed: copies whose image is gone: there is nothing to remove
    """

    sets: Mapping[JobKey, UncoveredSet] = field(default_factory=dict)
    closed: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A set that was seen before without a job, and what it was then."""

    kind: Uncovered
    since: datetime


def find_uncovered(
    copies: Iterable[Copy],
    jobs: Mapping[JobKey, Job],
    images: Mapping[ImageRef, ImageState],
    inventory: InventoryRecord | None,
    seen: Mapping[JobKey, Seen],
    now: datetime,
    wanted: Collection[tuple[str, str]] = (),
) -> UncoveredCopies:
    """Find the copies that no job covers.

    Copies of an image that the volume had before are covered by a job of its present image: they count among its count.
    So are those of a volume that has no job only because its image was not found, as long as Cinder has not given up
    the image that it had.

    :param copies: recorded ones
    :param jobs: of all servers
    :param images: what has become of the images of the copies; one that is missing is not judged
    :param inventory: the last complete one; only one of all projects shows that a volume was deleted
    :param seen: the sets that were seen before
    :param now: in UTC
    :param wanted: volume and set of all copies that somebody wants, also where the image was not found
    """
    by_job: defaultdict[JobKey, list[Copy]] = defaultdict(list)
    newest: dict[str, Copy] = {}
    closed = []
    covered = {(job.volume_id, key.set_name) for key, job in jobs.items()}
    for copy in copies:
        state = images.get(copy.image)
        if state is ImageState.GONE:
            closed.append(copy)
            continue
        newest[copy.volume_id] = _newer(copy, newest.get(copy.volume_id))
        if state is not None:
            by_job[copy.job].append(copy)
    found = {}
    for key, some in by_job.items():
        volume_id = some[0].volume_id
        is_given_up = images[key.image] in DEPARTED_STATES
        is_departed = is_given_up and _is_deleted(volume_id, inventory)
        names = volume_id, key.set_name
        is_covered = names in covered or (names in wanted and not is_given_up)
        if is_covered and not is_departed:
            continue
        kind = Uncovered.DEPARTED if is_departed else Uncovered.ORPHAN
        before = seen.get(key)
        since = min(before.since, now) if before is not None and before.kind is kind else now
        # A clock that was behind saw it before its own copies were made.
        since = max([since, *(copy.slot for copy in some if copy.slot <= now)])
        found[key] = UncoveredSet(kind, since, tuple(some), newest[volume_id])
    return UncoveredCopies(found, tuple(closed))


def _is_deleted(volume_id: str, inventory: InventoryRecord | None) -> bool:
    """Whether it is certain that there is no such volume."""
    return inventory is not None and inventory.covers_all and not inventory.has(volume_id)


def _newer(copy: Copy, other: Copy | None) -> Copy:
    """The newer of two copies of a volume: ids count in one image only."""
    if other is None:
        return copy
    if copy.image == other.image:
        return max(copy, other, key=lambda each: each.snapshot_id)
    return max(copy, other, key=lambda each: each.slot)
