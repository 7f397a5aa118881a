"""One cycle of volume backups: read, plan, request, wait for outcomes, remove what has expired (volumes 1–4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ..base.errors import CloudError, LeaseLost
from ..base.text import show
from ..openstack.request_outcome import Accepted
from .backup_adoption import resolve_unknown
from .backup_cloud import BackupCloud
from .backup_limits import Candidate, RunningBackup, choose
from .backup_outcomes import OutcomeFinder
from .backup_requests import BackupRequester, Begun
from .backup_retention import expiring_volumes, plan_retention, retention_problems
from .backup_rotation import Rotation
from .cycle_order import CycleOrder
from .digest_present import ended_state, present_digests
from .inventory_reader import InventoryReader
from .project_leases import ProjectLeases
from .project_work import ProjectWork, Records
from .server_times import LAST_BACKUP_KEY, servers_to_mark
from .volume_changes import WrongState
from .volume_events import (
    CycleStarted,
    EmitVolume,
    Problem,
)
from .volume_inventory import VolumeInventory
from .volume_model import BackupRecord, BackupType, RecordState, Verdict, VolumeSettings
from .volume_plan import BEGINS, VolumeEntry, VolumePlan, plan_volumes, volumes_to_read
from .volume_status import volume_statuses
from .volume_store import VolumeStore

POLL_SECONDS = 5.0
"""Seconds between two looks at the backups that are being made."""

KEPT_DIGESTS = 10
"""Periods of digests for which the record of a backup that is gone is kept; the digest of a period may be late."""


class VolumeCycle:
    """Does cycles in one region; a conductor does one after the other with the same one.

    :param engine: the database, its tables in place
    :param leases: of this process
    :param emit: takes what happens
    :param now: the present moment by the database's clock
    :param wait: waits for so many seconds; what it raises ends the cycle
    """

    def __init__(
        self,
        cloud: BackupCloud,
        engine: Engine,
        reader: InventoryReader,
        leases: ProjectLeases,
        settings: VolumeSettings,
        emit: EmitVolume,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
    ) -> None:
        self._cloud = cloud
        self._engine = engine
        self._reader = reader
        self._leases = leases
        self._settings = settings
        self._emit = emit
        self._now = now
        self._wait = wait
        self._store = VolumeStore(engine, cloud.region)
        self._works: dict[str, ProjectWork] = {}
        self._elsewhere: set[str] = set()

    def run(self, order: CycleOrder) -> None:
        """Do one cycle.

        :raises CloudError: the cloud cannot be read
        :raises DatabaseUnavailable: the database cannot be used
        :raises OtherAccount: the database holds the backups of another account
        """
        begun = self._now()
        inventory = self._read(begun)
        self._store.claim(inventory.account.user_id)
        records = Records({record.id: record for record in self._store.records()})
        plan, inventory = self._plan(inventory, records, order, begun)
        due = sum(entry.verdict in BEGINS for entry in plan.entries)
        self._emit(CycleStarted(self._cloud.region, len(plan.marked), due))
        self._report(plan, inventory, order)
        outcomes = OutcomeFinder(self._cloud, records, self._settings, self._emit, self._now)
        requester = BackupRequester(self._cloud, records, self._settings, self._emit, self._now)
        self._find_parents(records, outcomes)
        self._drop_abandoned(plan, records)
        self._fail_due(plan, requester)
        self._make(plan, inventory, records, requester, outcomes, order, begun)
        self._mark_servers(plan, records)
        problems = self._rotate(plan, inventory, records, begun)
        self._keep_found(plan, inventory, records, problems)
        self._store.drop_gone(KEPT_DIGESTS * self._settings.report_period)

    def take_over(self) -> bool:
        """Take the projects that another conductor had and has left.

        :return: whether there was one
        :raises DatabaseUnavailable: the database cannot be used
        """
        elsewhere, self._elsewhere = self._elsewhere, set()
        return self._take(elsewhere)

    def _read(self, begun: datetime) -> VolumeInventory:
        """Read the region under the leases of all projects in which something is to be done.

        A listing that is used under a lease began after the lease was taken, so it is made again when a listing shows
        projects that were not known.
        """
        self._take(self._store.recorded_projects())
        while True:
            leased = max((work.taken for work in self._works.values()), default=begun)
            inventory = self._reader.read(begun - timedelta(seconds=self._settings.cycle / 2), leased)
            wanted = {
                entry.project_id for entry in plan_volumes(inventory, (), self._settings, begun).entries if entry.marked
            }
            if not self._take(wanted):
                return inventory

    def _take(self, projects: Iterable[str]) -> bool:
        """Take leases; returns whether a new one was taken."""
        self._works = {id: work for id, work in self._works.items() if not work.lease.is_lost}
        before = len(self._works)
        for project_id in sorted(set(projects) - set(self._works) - self._elsewhere):
            lease = self._leases.take(project_id)
            if lease is None:
                self._elsewhere.add(project_id)
            else:
                self._works[project_id] = ProjectWork(self._engine, lease, self._cloud.request_seconds)
        return len(self._works) > before

    def _plan(
        self, inventory: VolumeInventory, records: Records, order: CycleOrder, begun: datetime
    ) -> tuple[VolumePlan, VolumeInventory]:
        """Plan with the listings, read again what the plan depends on, settle what was unknown, and plan again."""
        settings, known = self._settings, records.by_id
        plan = plan_volumes(inventory, known.values(), settings, begun, order.forced)
        expiring = expiring_volumes(inventory, known.values(), plan.marked, settings, begun)
        volumes = volumes_to_read(plan, known.values()) | expiring
        projects = {record.volume_id: record.project_id for record in known.values()}
        projects |= {volume_id: each.volume.project_id for volume_id, each in plan.marked.items()}
        mine = {id: projects[id] for id in volumes if projects.get(id) in self._works}
        running = {
            record.backup_id
            for record in known.values()
            if record.is_unfinished and record.backup_id and record.volume_id not in mine
        }
        if inventory.backups.begun < begun:
            inventory = self._reader.read_again(inventory, mine, running)
        outcomes = OutcomeFinder(self._cloud, records, settings, self._emit, self._now)
        resolutions = resolve_unknown(list(known.values()), inventory, settings)
        for work in self._each_work():
            with self._losing(work):
                outcomes.settle(work, [each for each in resolutions if each.record.project_id == work.project_id])
                self._look(work, records, outcomes)
        return plan_volumes(inventory, known.values(), settings, self._now(), order.forced), inventory

    def _make(
        self,
        plan: VolumePlan,
        inventory: VolumeInventory,
        records: Records,
        requester: BackupRequester,
        outcomes: OutcomeFinder,
        order: CycleOrder,
        begun: datetime,
    ) -> None:
        """Request what is due within the limits, look how far it is, and so on, until nothing is due any more."""
        waiting = {
            entry.volume_id: entry
            for entry in plan.entries
            if entry.verdict in BEGINS and entry.project_id in self._works
        }
        until = None if order.seconds is None else begun + timedelta(seconds=order.seconds)
        while True:
            self._begin(waiting, inventory, records, requester)
            busy = [work for work in self._each_work() if _unfinished(work, records)]
            if not busy or (until is not None and self._now() >= until):
                return
            self._wait(POLL_SECONDS)
            for work in busy:
                with self._losing(work):
                    self._look(work, records, outcomes)

    def _begin(
        self,
        waiting: dict[str, VolumeEntry],
        inventory: VolumeInventory,
        records: Records,
        requester: BackupRequester,
    ) -> None:
        """Request what the limits permit now; what begins, or cannot, waits no longer."""
        while waiting:
            candidates = [Candidate(each.volume_id, each.project_id, each.since) for each in waiting.values()]
            running = _running(records, inventory)
            chosen = choose(candidates, running, inventory.backup_hosts, self._settings).begins
            if not chosen:
                return
            entry = waiting.pop(chosen[0])
            outcome, work = Begun.PROJECT_IS_FULL, self._works.get(entry.project_id)
            if work is None:  # another conductor has taken over the project meanwhile
                continue
            with self._losing(work):
                outcome = requester.begin(work, entry)
            if outcome is Begun.REGION_IS_FULL:
                return
            if outcome is Begun.PROJECT_IS_FULL:
                for other in [each for each in waiting.values() if each.project_id == entry.project_id]:
                    del waiting[other.volume_id]

    def _look(self, work: ProjectWork, records: Records, outcomes: OutcomeFinder) -> None:
        """Look how far the backups of a project are, and for parents that are not known yet."""
        for record in _unfinished(work, records):
            outcomes.look(work, record)

    def _find_parents(self, records: Records, outcomes: OutcomeFinder) -> None:
        for record in list(records.by_id.values()):
            is_unverified = record.type is BackupType.INCREMENTAL and record.parent_id is None
            if record.state is RecordState.GOOD and is_unverified and record.project_id in self._works:
                with self._losing(self._works[record.project_id]):
                    outcomes.find_parent(self._works[record.project_id], record)

    def _drop_abandoned(self, plan: VolumePlan, records: Records) -> None:
        """Forget what was planned for volumes that are not to be backed up any more."""
        for record in plan.abandoned:
            work = self._works.get(record.project_id)
            if work is not None:
                with self._losing(work):
                    work.changes.withdraw(record.id)
                    records.drop(record)

    def _fail_due(self, plan: VolumePlan, requester: BackupRequester) -> None:
        """Write down which volumes were due and cannot be backed up."""
        for entry in plan.entries:
            work = self._works.get(entry.project_id)
            if entry.verdict is Verdict.FAIL and work is not None:
                with self._losing(work):
                    requester.fail(work, entry)

    def _mark_servers(self, plan: VolumePlan, records: Records) -> None:
        """Write the time of their last backup into the metadata of servers; a refusal is a warning (volumes 2)."""
        for server, text in servers_to_mark(plan.marked, records.by_id.values()):
            work = self._works.get(server.project_id)
            if work is None:
                continue
            try:
                outcome = self._cloud.set_server_metadata(
                    server.project_id, server.id, LAST_BACKUP_KEY, text, check=work.check_request
                )
                why = "" if isinstance(outcome, Accepted) else outcome.text
            except (CloudError, LeaseLost) as error:
                why = str(error)
            if why:
                text = f"server {show(server.name)} ({server.id}) does not get {LAST_BACKUP_KEY}: {why}"
                self._emit(Problem(server.project_id, text, is_failure=False))

    def _rotate(
        self, plan: VolumePlan, inventory: VolumeInventory, records: Records, begun: datetime
    ) -> Mapping[str, Sequence[str]]:
        """Remove what has expired.

        :return: why nothing, or something, is not removed: id of the project → sentences
        """
        states = self._store.projects()
        allowed = {id: state.allowed_deletions for id, state in states.items() if state.allowed_deletions}
        known = records.by_id
        retention = plan_retention(inventory, known.values(), plan.marked, self._settings, self._now(), allowed)
        rotation = Rotation(self._cloud, records, self._emit, self._now)
        for work in self._each_work():
            with self._losing(work):
                rotation.rotate(work, retention, inventory.account.user_id, begun)
        return retention_problems(retention)

    def _keep_found(
        self,
        plan: VolumePlan,
        inventory: VolumeInventory,
        records: Records,
        problems: Mapping[str, Sequence[str]],
    ) -> None:
        """Keep what the next digest says of each project besides the outcomes of backups (volumes 6)."""
        now = self._now()
        statuses = volume_statuses(inventory, records.by_id.values(), plan.marked, self._settings, now)
        present = present_digests(plan, statuses, inventory.project_by_id, problems)
        states = self._store.projects()
        for work in self._each_work():
            with self._losing(work):
                known = states.get(work.project_id)
                work.changes.cycle_ended(ended_state(work.project_id, known, present, inventory, now))

    def _report(self, plan: VolumePlan, inventory: VolumeInventory, order: CycleOrder) -> None:
        """What somebody has to know before anything is done."""
        known = {server.id for each in plan.marked.values() for server in each.servers} | set(plan.marked)
        for unknown in sorted(set(order.forced) - known):
            self._emit(Problem("", f"{show(unknown)}: no server with the mark and no volume of one has this id"))
        if not inventory.backup_hosts:
            self._emit(Problem("", "no cinder-backup service is up: nothing is begun"))
        if inventory.why_incomplete:
            self._emit(Problem("", f"nothing is removed: {inventory.why_incomplete}"))
        names = {entry.project_id: entry.project_name for entry in plan.entries}
        for project_id, why in inventory.no_access.items():
            self._emit(Problem(names.get(project_id, project_id), why))
        for server, text in plan.warnings:
            self._emit(Problem(server.project_id, text, is_failure=False))

    def _each_work(self) -> list[ProjectWork]:
        """The projects that this process has."""
        return [work for work in self._works.values() if not work.lease.is_lost]

    @contextmanager
    def _losing(self, work: ProjectWork) -> Iterator[None]:
        """Let the loss of a project end the work on it, and nothing else (volumes 4)."""
        try:
            yield
        except LeaseLost as error:
            self._works.pop(work.project_id, None)
            self._emit(Problem(work.project_id, str(error), is_failure=False))
        except WrongState as error:  # this process does not know what the database has; the next cycle reads it again
            self._emit(Problem(work.project_id, str(error)))


def _unfinished(work: ProjectWork, records: Records) -> list[BackupRecord]:
    """The backups of a project whose outcome Cinder can show."""
    return [
        record
        for record in records.by_id.values()
        if record.project_id == work.project_id and record.is_unfinished and record.backup_id
    ]


def _running(records: Records, inventory: VolumeInventory) -> list[RunningBackup]:
    """The backups that count against the limits."""
    found = []
    for record in records.by_id.values():
        if record.state in (RecordState.CREATING, RecordState.RUNNING):
            backup = inventory.backup_by_id.get(record.backup_id or "")
            found.append(RunningBackup(record.project_id, "" if backup is None else backup.host))
    return found
