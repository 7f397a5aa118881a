"""What a schedule file would do to the copies that are recorded (snapshots 1.1). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...base.text import show
from ..ceph.ceph_model import ImageRef, ImageState
from ..inventory.snapshot_files import LoadedSchedule
from ..planning.excess_plan import Reason, RemovalLimits, plan_excess
from ..planning.snapshot_jobs import Jobs, make_jobs
from ..planning.snapshot_records import SnapshotRecords
from ..planning.uncovered_copies import find_uncovered
from ..snapshot_model import Copy
from .server_list import ListedServer
from .snapshot_spec import Spec, Times

SHOWN_SERVERS = 3


@dataclass(frozen=True, slots=True)
class AbandonedSet:
    """A set that no spec of a server covers any more.

    :param servers: names of the servers that have copies of it
    :param copies: how many
    """

    set_name: str
    servers: Sequence[str]
    copies: int


@dataclass(frozen=True, slots=True)
class ScheduleEffect:
    """What a schedule does to copies, by the records alone.

    :param abandoned: the sets whose copies become orphans
    :param excess: copies that are beyond the counts
    """

    abandoned: Sequence[AbandonedSet]
    excess: int

    def warnings(self, limits: RemovalLimits) -> Iterator[str]:
        """What somebody has to know of it, a line each."""
        for each in self.abandoned:
            more = ", …" if len(each.servers) > SHOWN_SERVERS else ""
            names = ", ".join(map(show, each.servers[:SHOWN_SERVERS])) + more
            days = limits.orphan_keep.total_seconds() / 86400
            kept = f"are kept for {days:g} days (orphan_keep)" if days else "are kept for ever (orphan_keep)"
            yield f"no spec covers the set {each.set_name} of {names} any more: its copies ({each.copies}) {kept}"
        if self.excess > limits.most:
            text = f"copies in excess of their counts: {self.excess}, more than max_deletions ({limits.most})"
            yield f"{text}; they stay until glancesync snapshots run --prune"
        elif self.excess:
            yield f"copies in excess of their counts: {self.excess}; the next run removes them"


def effect_of(
    schedule: LoadedSchedule,
    general: Spec | None,
    times: Times,
    records: SnapshotRecords,
    limits: RemovalLimits,
    now: datetime,
) -> ScheduleEffect:
    """Find what a schedule does to the copies of one cluster.

    :param schedule: with its servers
    :param general: the spec of servers that it does not name, None for none
    :param now: in UTC
    """
    servers = schedule.servers or ()
    jobs = _jobs(servers, schedule, general, times, records)
    images = {copy.image: ImageState.LIVE for copy in records.copies}
    uncovered = find_uncovered(records.copies, jobs.by_key, images, None, {}, now)
    already = {key for key, job in records.jobs.items() if job.uncovered is not None}
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for server in servers:
        for volume_id in server.volume_ids:
            owners[volume_id].append(server.name or server.id)
    found: defaultdict[str, list[Copy]] = defaultdict(list)
    for key, each in uncovered.sets.items():
        if key not in already and each.newest.volume_id in owners:
            found[key.set_name] += each.copies
    abandoned = [
        AbandonedSet(name, sorted({owner for copy in some for owner in owners[copy.volume_id]}), len(some))
        for name, some in sorted(found.items())
    ]
    everything = replace(limits, most=len(records.copies) + 1)
    plan = plan_excess(jobs.by_key, records.copies, records.instances, uncovered, everything, now)
    return ScheduleEffect(abandoned, sum(each.reason is Reason.BEYOND_COUNT for each in plan.removals))


def _jobs(
    servers: Sequence[ListedServer],
    schedule: LoadedSchedule,
    general: Spec | None,
    times: Times,
    records: SnapshotRecords,
) -> Jobs:
    """The jobs of the volumes whose images are known."""
    images: dict[str, ImageRef] = {volume_id: known.ref for volume_id, known in records.images.items() if known.ref.id}
    return make_jobs(servers, schedule.by_server, general, images, times)
