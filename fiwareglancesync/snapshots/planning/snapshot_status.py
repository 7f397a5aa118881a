"""How well each server is protected by its copies, set by set (snapshots 1.7). Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

from ...base.severity import Severity
from ..inventory.cluster_view import ClusterView
from ..schedule.server_list import ListedServer
from ..schedule.snapshot_slots import latest_slot
from ..schedule.snapshot_spec import Spec
from ..snapshot_model import Copy, Instance
from .service_state import TITLES_BY_NAME, State
from .snapshot_jobs import Job, specs_of
from .snapshot_records import Schedule, SnapshotRecords, StoredJob
from .uncovered_copies import Uncovered


class Protection(Enum):
    """How well a server is protected by a set, or what is wrong with copies of no server."""

    OK = "ok"
    LATE = "late"
    NEVER = "never"
    FAILING = "failing"
    UNPROTECTED = "unprotected"
    ORPHAN = "orphan"
    DEPARTED = "departed"


IN_ORDER = (Protection.FAILING, Protection.LATE, Protection.NEVER)
"""What is wrong with sets, the worst first."""


CLOCK_DIFFERENCE = timedelta(days=1)
"""How much later than the present moment a slot may be: one beyond is of a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class SetStatus:
    """The state of one set of a server, of an unprotected server, or of copies without a job.

    :param server: None for copies without a job
    :param volume_id: of copies without a job, "" otherwise
    :param newest: slot of the newest whole copy, None for none
    :param is_due: whether there should be a whole copy already
    """

    protection: Protection
    server: ListedServer | None = None
    volume_id: str = ""
    set_name: str = ""
    newest: datetime | None = None
    why: str = ""
    is_due: bool = True

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return self.protection not in IN_ORDER or not self.is_due


@dataclass(frozen=True, slots=True)
class SnapshotSurvey:
    """How well all servers are protected.

    :param moment: in UTC
    :param rows: by project and name of the server; then copies without a job
    :param problems: what is wrong with the work as a whole, a line each
    """

    moment: datetime
    rows: Sequence[SetStatus] = ()
    problems: Sequence[str] = ()
    counts: Counter[Protection] = field(default_factory=Counter)

    @property
    def severity(self) -> Severity:
        """How bad it is as a whole."""
        wrong = {row.protection for row in self.rows if not row.is_well}
        if Protection.FAILING in wrong:
            return Severity.CRITICAL
        return Severity.WARNING if wrong or self.problems else Severity.OK

    def oldest(self) -> float | None:
        """Age in seconds of the oldest of the newest whole copies, None when there is none."""
        newest = [row.newest for row in self.rows if row.newest is not None and row.server is not None]
        return (self.moment - min(newest)).total_seconds() if newest else None


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late a whole copy may be.

    :param grace: how much later than its slot it may be begun
    :param spread: within which servers are distributed
    """

    grace: timedelta
    spread: timedelta

    @property
    def whole(self) -> timedelta:
        """Both."""
        return self.grace + self.spread


def survey(
    view: ClusterView,
    general: Spec | None,
    records: SnapshotRecords,
    present: Iterable[Copy],
    lateness: Lateness,
    now: datetime,
) -> SnapshotSurvey:
    """Find how well all servers are protected.

    :param general: the spec of servers that the schedule file does not name, None for none
    :param present: the copies that their images list
    :param now: in UTC
    """
    there = list(present)
    sets = _Sets(view, records, there, lateness, now)
    opted_out = records.inventory.opted_out if records.inventory else frozenset()
    rows: list[SetStatus] = []
    for server in sorted(view.servers, key=lambda each: (each.project, each.name, each.id)):
        specs = specs_of(view.entries.get(server.id), general)
        active = {name: spec for name, spec in specs.items() if spec.count}
        off = "its metadata say snapshots=off" if server.id in opted_out else ""
        off += ", without effect" if off and active else ""
        if not server.volume_ids:
            continue
        if not active:
            why = "its count is 0" if specs else "no spec covers it"
            rows.append(SetStatus(Protection.UNPROTECTED, server, why="; ".join(filter(None, (why, off)))))
        rows += [sets.status(server, name, spec, off) for name, spec in sorted(active.items())]
    rows += _uncovered(view, there)
    return SnapshotSurvey(now, rows, tuple(_problems(records.jobs.values())), Counter(row.protection for row in rows))


class _Sets:
    """What is known of the sets of all servers."""

    def __init__(
        self, view: ClusterView, records: SnapshotRecords, present: Iterable[Copy], lateness: Lateness, now: datetime
    ) -> None:
        self._records = records
        self._jobs: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
        for job in view.jobs.by_key.values():
            for server_id in job.server_ids:
                self._jobs[server_id, job.key.set_name].append(job)
        self._volumes: defaultdict[tuple[str, datetime], set[str]] = defaultdict(set)
        self._slots: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        for copy in present:
            self._volumes[copy.set_name, copy.slot].add(copy.volume_id)
            self._slots[copy.volume_id, copy.set_name].append(copy.slot)
        self._instances: defaultdict[tuple[str, str], list[Instance]] = defaultdict(list)
        for instance in records.instances:
            self._instances[instance.server_id, instance.set_name].append(instance)
        self._latest = now + CLOCK_DIFFERENCE
        self._due = cache(lambda calendar: latest_slot(calendar, now - lateness.whole))

    def status(self, server: ListedServer, name: str, spec: Spec, remark: str) -> SetStatus:
        """The status of one set of a server."""
        jobs = self._jobs[server.id, name]
        newest = self._newest(server, name)
        mapped = {job.volume_id for job in jobs}
        missing = [volume for volume in server.volume_ids if volume not in mapped]
        stored = [self._records.jobs[job.key] for job in jobs if job.key in self._records.jobs]
        problems = [f"{each.volume_id}: {each.problem}" for each in stored if each.problem]
        problems += [f"{volume}: its image is not known" for volume in missing]
        due = self._due(jobs[0].calendar) if jobs and spec.has_times else None
        since = min((each.state.since for each in stored), default=None)
        is_due = due is not None and since is not None and due.instant >= since
        protection = Protection.OK
        if newest is None:
            protection = Protection.NEVER
        elif is_due and due is not None and newest < due.instant:
            protection = Protection.LATE
        if problems:
            protection = Protection.FAILING
        why = "; ".join(filter(None, (*problems, remark)))
        return SetStatus(protection, server, "", name, newest, why, is_due or bool(problems))

    def _newest(self, server: ListedServer, name: str) -> datetime | None:
        """The newest slot of which all volumes that the server had, or has now, have a copy."""
        volumes = set(server.volume_ids)
        slots = [each.slot for each in self._instances[server.id, name] if self._has(each.volume_ids, name, each.slot)]
        slots += [slot for slot in self._slots[server.volume_ids[0], name] if self._has(volumes, name, slot)]
        return max((slot for slot in slots if slot <= self._latest), default=None)

    def _has(self, volumes: Iterable[str], name: str, slot: datetime) -> bool:
        return self._volumes[name, slot].issuperset(volumes)


def _uncovered(view: ClusterView, present: Sequence[Copy]) -> Iterator[SetStatus]:
    """Copies without a job."""
    there = set(present)
    for key, each in sorted(view.uncovered.sets.items()):
        copies = [copy for copy in each.copies if copy in there]
        if copies:
            protection = Protection.ORPHAN if each.kind is Uncovered.ORPHAN else Protection.DEPARTED
            number = "1 copy" if len(copies) == 1 else f"{len(copies)} copies"
            reason = "no spec covers them" if each.kind is Uncovered.ORPHAN else "the volume is deleted"
            why = f"{number}; {reason} since {each.since:%Y-%m-%d %H:%M} UTC"
            newest = max(copy.slot for copy in copies)
            yield SetStatus(protection, None, copies[0].volume_id, key.set_name, newest, why)


def _problems(jobs: Iterable[StoredJob]) -> Iterator[str]:
    """What the service itself could not do."""
    for job in sorted(jobs, key=lambda each: each.key.set_name):
        if job.schedule is Schedule.SERVICE and job.problem and job.key.set_name != State.SNAPSHOTS.value:
            since = "" if job.problem_since is None else f" since {job.problem_since:%Y-%m-%d %H:%M} UTC"
            yield f"{TITLES_BY_NAME.get(job.key.set_name, job.key.set_name)}{since}: {job.problem}"


def counts_of(found: SnapshotSurvey) -> Mapping[str, int]:
    """How many rows have each state, by its name."""
    return {each.value: found.counts[each] for each in Protection}
