"""Which copies go although no new one was made: excess, orphans, those of departed images (snapshots 4.5). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ..snapshot_model import Copy, Instance, JobKey
from .copy_retention import beyond_count, whole_instances
from .snapshot_jobs import Job
from .uncovered_copies import Uncovered, UncoveredCopies


class Reason(Enum):
    """Why a copy goes."""

    BEYOND_COUNT = "beyond the count of its set"
    ORPHAN = "no job covers it any more"
    DEPARTED = "its volume was deleted"


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """How long copies without a job are kept, and how many copies go at once.

    :param orphan_keep: 0 for ever
    :param most: removals of one run; more excess than this waits until somebody asks for it
    """

    orphan_keep: timedelta = timedelta(days=30)
    deleted_keep: timedelta = timedelta(hours=24)
    most: int = 200


@dataclass(frozen=True, slots=True)
class PlannedRemoval:
    """A copy that goes; it is looked up again immediately before."""

    copy: Copy
    reason: Reason


@dataclass(frozen=True, slots=True)
class ExcessPlan:
    """What goes.

    :param removals: the oldest first; a run removes at most as many as its limits say
    :param waiting: how many copies are excess, when these are too many for a run that nobody asked for; they stay until
        ``run --prune``
    """

    removals: Sequence[PlannedRemoval] = ()
    waiting: int = 0


def plan_excess(
    jobs: Mapping[JobKey, Job],
    copies: Iterable[Copy],
    instances: Iterable[Instance],
    uncovered: UncoveredCopies,
    limits: RemovalLimits,
    now: datetime,
    *,
    prune: bool = False,
    orphans: bool = False,
) -> ExcessPlan:
    """Decide what goes. The copies of departed images never wait: nobody edited anything.

    :param copies: all that are there
    :param instances: of all servers
    :param uncovered: the copies that no job covers
    :param now: the moment of which is known what no job covers, in UTC
    :param prune: whether somebody asked for it
    :param orphans: whether somebody asked for the removal of all orphans, and of nothing else
    """
    present = list(copies)
    if orphans:
        return ExcessPlan(_in_order(_present(_orphans(uncovered), present)))
    whole = whole_instances(instances, present)
    excess = list(_beyond_counts(jobs, present, whole, uncovered))
    departed = []
    for each in uncovered.sets.values():
        for copy in each.expired(now, limits.orphan_keep, limits.deleted_keep):
            if each.kind is Uncovered.DEPARTED:
                departed.append(PlannedRemoval(copy, Reason.DEPARTED))
            else:
                excess.append(PlannedRemoval(copy, Reason.ORPHAN))
    excess, departed = _present(excess, present), _present(departed, present)
    waiting = 0
    if len(excess) > limits.most and not prune:
        waiting, excess = len(excess), []
    return ExcessPlan(_in_order([*excess, *departed]), waiting)


def _orphans(uncovered: UncoveredCopies) -> Iterable[PlannedRemoval]:
    for each in uncovered.sets.values():
        if each.kind is Uncovered.ORPHAN:
            for copy in each.removable:
                yield PlannedRemoval(copy, Reason.ORPHAN)


def _present(removals: Iterable[PlannedRemoval], copies: Iterable[Copy]) -> list[PlannedRemoval]:
    """Those of copies that are there."""
    wanted = {each.copy: each for each in removals}
    return [wanted[copy] for copy in copies if copy in wanted] if wanted else []


def _in_order(removals: Iterable[PlannedRemoval]) -> list[PlannedRemoval]:
    """The oldest first."""
    return sorted(removals, key=lambda each: (each.copy.slot, each.copy.image, each.copy.snapshot_id))


def _beyond_counts(
    jobs: Mapping[JobKey, Job],
    copies: Iterable[Copy],
    whole: Collection[tuple[str, str, datetime]],
    uncovered: UncoveredCopies,
) -> Iterable[PlannedRemoval]:
    by_set: defaultdict[tuple[str, str], list[Copy]] = defaultdict(list)
    for copy in copies:
        if copy.job not in uncovered.sets:
            by_set[copy.volume_id, copy.set_name].append(copy)
    for key, job in jobs.items():
        some = by_set[job.volume_id, key.set_name]
        if len(some) > job.count:
            for copy in beyond_count(some, job.count, whole, key.image):
                yield PlannedRemoval(copy, Reason.BEYOND_COUNT)
