"""What is recorded of snapshots, as values (snapshots 4.7); times are aware, in UTC. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from ..ceph.ceph_model import ImageRef
from ..inventory.server_inventory import InventoryRecord
from ..snapshot_model import Copy, Instance, Intent, JobKey
from .snapshot_plan import JobState
from .uncovered_copies import Seen


class Schedule(Enum):
    """Which of the three databases of the original program a job was in."""

    SERVICE = "service"
    """What the program does for itself, such as listing the servers."""

    SCHEDULED = "scheduled_snaps"
    """By the schedule file."""

    GENERAL = "general_snaps"
    """By the general spec."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """What is recorded of a job.

    :param count: copies that were kept when it was written last
    :param problem: why the last attempt failed, "" when it did not
    :param problem_since: when the first of the failures in a row was
    :param uncovered: since when, and why, no job of the schedule covers its copies; None while one does
    """

    key: JobKey
    schedule: Schedule
    volume_id: str
    count: int
    state: JobState
    problem: str = ""
    problem_since: datetime | None = None
    uncovered: Seen | None = None


@dataclass(frozen=True, slots=True)
class KnownImage:
    """The image of a volume when it was last seen.

    :param ref: its id is "" when the volume never had one
    :param name: that it had then
    :param seen: when that was first so
    """

    ref: ImageRef
    name: str
    seen: datetime


@dataclass(frozen=True)
class SnapshotRecords:
    """Everything that is recorded, as of one moment.

    :param copies: that are there, as far as is known
    :param lingering: copies that were removed, and that clones keep
    :param intents: requests that are open
    :param images: of volumes, by their ids
    :param inventory: the last one that was used, None before the first
    """

    jobs: Mapping[JobKey, StoredJob] = field(default_factory=dict)
    copies: Sequence[Copy] = ()
    lingering: Sequence[Copy] = ()
    intents: Sequence[Intent] = ()
    instances: Sequence[Instance] = ()
    images: Mapping[str, KnownImage] = field(default_factory=dict)
    inventory: InventoryRecord | None = None
