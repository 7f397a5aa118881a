"""One cycle of volume backups: read, plan, request, wait for outcomes, remove what has expired (volumes 1–4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ...base.errors import CloudError, LeaseLost
from ...base.text import show
from ...openstack.cloud_model import Server
from ...openstack.request_outcome import Accepted
from ..backup_cloud import BackupCloud
from ..digests.digest_present import ended_state, present_digests
from ..planning.backup_adoption import Resolution, resolve_unknown
from ..planning.backup_retention import expiring_volumes, plan_retention, retention_problems
from ..planning.server_metadata import find_marked
from ..planning.server_times import LAST_BACKUP_KEY, servers_to_mark
from ..planning.volume_inventory import VolumeInventory
from ..planning.volume_plan import BEGINS, VolumePlan, plan_volumes, volumes_to_read
from ..planning.volume_status import volume_statuses
from ..state.project_leases import ProjectLeases
from ..state.volume_store import VolumeStore
from ..volume_events import CycleStarted, EmitVolume, Problem
from ..volume_model import RecordState, Verdict, VolumeSettings
from .backup_making import BackupMaker
from .backup_outcomes import OutcomeFinder
from .backup_requests import BackupRequester
from .backup_rotation import Rotation
from .cycle_order import CycleOrder
from .drill_leftovers import clear_drills
from .held_projects import HeldProjects
from .inventory_reader import FRESH_SECONDS, InventoryReader
from .project_work import Records

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
        self._leases = leases
        self._reader = reader
        self._settings = settings
        self._emit = emit
        self._now = now
        self._wait = wait
        self._store = VolumeStore(engine, cloud.region)
        self._untouchable: dict[str, str] = {}
        self._held = HeldProjects(engine, leases, cloud.request_seconds, emit)

    def run(self, order: CycleOrder) -> None:
        """Do one cycle.

        :raises CloudError: the cloud cannot be read
        :raises DatabaseUnavailable: the database cannot be used
        :raises OtherAccount: the database holds the backups of another account
        """
        begun = self._now()
        inventory = self._read(begun)
        self._store.claim(inventory.account.user_id)
        records = Records(self._store.records())
        self._held.names = inventory.project_names(records.all)
        step = (self._cloud, records, self._settings, self._emit, self._now)
        outcomes, requester = OutcomeFinder(*step), BackupRequester(*step)
        maker = BackupMaker(*step, self._held, self._reader, requester, outcomes, self._wait)
        inventory = self._read_again(inventory, records, order, begun)
        self._settle(inventory, records, outcomes)
        maker.look(self._held.each())
        plan = plan_volumes(inventory, records.all, self._settings, self._now(), order.forced)
        due = sum(entry.verdict in BEGINS for entry in plan.entries)
        self._emit(CycleStarted(self._cloud.region, len(plan.marked), due))
        self._report(plan, inventory, order)
        self._report_untouchable(inventory, records)
        if order.seconds is None:
            self._report_elsewhere(plan)
        self._find_parents(records, outcomes)
        self._drop_abandoned(plan, records)
        self._fail_due(plan, requester)
        maker.make(plan, inventory, None if order.seconds is None else begun + timedelta(seconds=order.seconds))
        self._mark_servers(plan, records)
        problems = self._rotate(plan, inventory, records, Rotation(*step), begun)
        self._keep_found(plan, inventory, records, problems)
        clear_drills(self._cloud, self._engine, self._leases, self._settings, self._emit, self._now)
        self._store.drop_gone(KEPT_DIGESTS * self._settings.report_period)

    def take_over(self) -> bool:
        """Take the projects that another conductor had and has left.

        :return: whether there was one
        :raises DatabaseUnavailable: the database cannot be used
        """
        return self._held.take_over()

    def _read(self, begun: datetime) -> VolumeInventory:
        """Read the region under the leases of all projects in which something is to be done.

        A listing that is used under a lease began after the lease was taken, so it is made again when a listing shows
        projects that were not known.
        """
        self._held.take(self._store.recorded_projects())
        while True:
            leased = self._held.newest_lease() or begun
            inventory = self._reader.read(begun - timedelta(seconds=self._settings.cycle / 2), leased)
            marked = find_marked(inventory.servers.items, inventory.volume_by_id, self._settings).volumes
            if not self._held.take(each.volume.project_id for each in marked.values()):
                return inventory

    def _read_again(
        self, inventory: VolumeInventory, records: Records, order: CycleOrder, begun: datetime
    ) -> VolumeInventory:
        """Read again what the next plan depends on, where the listing of backups was not made in this cycle."""
        if inventory.backups.begun >= begun:
            return inventory
        plan = plan_volumes(inventory, records.all, self._settings, begun, order.forced)
        unfinished = records.unfinished()
        mine = self._mine(volumes_to_read(plan, unfinished))
        running = {each.backup_id for each in unfinished if each.backup_id and each.volume_id not in mine}
        return self._reader.read_again(inventory, mine, running)

    def _settle(self, inventory: VolumeInventory, records: Records, outcomes: OutcomeFinder) -> None:
        """Write down what came of requests with an unknown outcome."""
        found: dict[str, list[Resolution]] = {}
        for each in resolve_unknown(list(records.all), inventory, self._settings):
            found.setdefault(each.record.project_id, []).append(each)
        for work in self._held.each():
            if work.project_id in found:
                with self._held.losing(work):
                    outcomes.settle(work, found[work.project_id])

    def _find_parents(self, records: Records, outcomes: OutcomeFinder) -> None:
        unverified = [each for each in records.all if each.state is RecordState.GOOD and not each.is_good]
        for record in unverified:
            work = self._held.get(record.project_id)
            if work is not None:
                with self._held.losing(work):
                    outcomes.find_parent(work, record)

    def _drop_abandoned(self, plan: VolumePlan, records: Records) -> None:
        """Forget what was planned for volumes that are not to be backed up any more."""
        for record in plan.abandoned:
            work = self._held.get(record.project_id)
            if work is not None:
                with self._held.losing(work):
                    work.changes.withdraw(record.id)
                    records.drop(record)

    def _fail_due(self, plan: VolumePlan, requester: BackupRequester) -> None:
        """Write down which volumes were due and cannot be backed up."""
        for entry in plan.entries:
            work = self._held.get(entry.project_id)
            if entry.verdict is Verdict.FAIL and work is not None:
                with self._held.losing(work):
                    requester.fail(work, entry)

    def _mark_servers(self, plan: VolumePlan, records: Records) -> None:
        """Write the time of their last backup into the metadata of servers; a refusal is a warning (volumes 2)."""
        for server, text in servers_to_mark(plan.marked, records.all):
            work = self._held.get(server.project_id)
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
                self._warn_of(server, f"it does not get {LAST_BACKUP_KEY}: {why}")

    def _rotate(
        self, plan: VolumePlan, inventory: VolumeInventory, records: Records, rotation: Rotation, begun: datetime
    ) -> Mapping[str, Sequence[str]]:
        """Remove what has expired.

        :return: why nothing, or something, is not removed: id of the project → sentences
        """
        states = self._store.projects()
        allowed = {id: state.allowed_deletions for id, state in states.items() if state.allowed_deletions}
        inventory = self._read_expiring(plan, inventory, records)
        retention = plan_retention(inventory, records.all, plan.marked, self._settings, self._now(), allowed)
        for work in self._held.each():
            with self._held.losing(work):
                rotation.rotate(work, retention, inventory.account.user_id, begun)
        return retention_problems(retention)

    def _read_expiring(self, plan: VolumePlan, inventory: VolumeInventory, records: Records) -> VolumeInventory:
        """Read again the backups of volumes of which something is to be removed, unless that was done just now.

        Another backup than the one that is removed may have gone meanwhile: then this one may be the last good one.
        """
        now = self._now()
        latest = now - timedelta(seconds=FRESH_SECONDS)
        volumes = expiring_volumes(inventory, records.all, plan.marked, self._settings, now)
        mine = {id: project for id, project in self._mine(volumes).items() if inventory.backups_read(id) < latest}
        return self._reader.read_again(inventory, mine, ()) if mine else inventory

    def _keep_found(
        self,
        plan: VolumePlan,
        inventory: VolumeInventory,
        records: Records,
        problems: Mapping[str, Sequence[str]],
    ) -> None:
        """Keep what the next digest says of each project besides the outcomes of backups (volumes 6)."""
        now = self._now()
        statuses = volume_statuses(inventory, records.all, plan.marked, self._settings, now)
        present = present_digests(plan, statuses, inventory.project_by_id, problems)
        states = self._store.projects()
        for work in self._held.each():
            with self._held.losing(work):
                known = states.get(work.project_id)
                work.changes.cycle_ended(ended_state(work.project_id, known, present, inventory, now))

    def _report(self, plan: VolumePlan, inventory: VolumeInventory, order: CycleOrder) -> None:
        """What somebody has to know before anything is done."""
        known = {server.id for each in plan.marked.values() for server in each.servers} | set(plan.marked)
        for unknown in sorted(set(order.forced) - known):
            self._emit(Problem("", f"{show(unknown)}: no server with the mark and no volume of one has this id"))
        for entry in plan.entries:
            if entry.is_forced and entry.verdict in (Verdict.WAIT, Verdict.SKIP):
                text = f"{show(entry.server.name)}/{show(entry.volume_name)} ({entry.volume_id}) is not backed up now"
                self._emit(Problem(entry.project_name, f"{text}: {entry.why}"))
        if not inventory.backup_hosts:
            self._emit(Problem("", "no cinder-backup service is up: nothing is begun"))
        if inventory.why_incomplete:
            self._emit(Problem("", f"nothing is removed: {inventory.why_incomplete}"))
        for project_id, why in inventory.no_access.items():
            self._emit(Problem(self._held.name(project_id), why))
        for server, text in plan.warnings:
            self._warn_of(server, text)

    def _report_untouchable(self, inventory: VolumeInventory, records: Records) -> None:
        """In which projects nothing can be done, because they are disabled or gone: once, until that changes."""
        found: dict[str, str] = {}
        for work in self._held.each():
            why = inventory.why_untouchable(work.project_id)
            if why and work.project_id not in inventory.no_access:
                found[work.project_id] = why
        for project_id, why in found.items():
            if self._untouchable.get(project_id) != why:
                stay = [each for each in records.all if each.project_id == project_id and each.backup_id]
                text = f"{why}: nothing is backed up or removed there; backups that stay: {len(stay)}"
                self._emit(Problem(self._held.name(project_id), text, is_failure=False))
        self._untouchable = found

    def _report_elsewhere(self, plan: VolumePlan) -> None:
        """What is due and is left to other conductors: a call of ``run`` does nothing about it."""
        due = [each for each in plan.entries if each.verdict in BEGINS and self._held.get(each.project_id) is None]
        for name in sorted({each.project_name for each in due}):
            here = [each for each in due if each.project_name == name]
            what = "1 volume is due" if len(here) == 1 else f"{len(here)} volumes are due"
            is_forced = any(each.is_forced for each in here)
            then = "does not know of --now: stop it first" if is_forced else "backs it up"
            self._emit(Problem(name, f"{what}; another conductor has the project, and {then}", is_failure=is_forced))

    def _warn_of(self, server: Server, text: str) -> None:
        """Report what is odd about a server."""
        text = f"server {show(server.name)} ({server.id}): {text}"
        self._emit(Problem(self._held.name(server.project_id), text, is_failure=False))

    def _mine(self, volumes: Mapping[str, str]) -> dict[str, str]:
        """Of some volumes those in projects that this process has.

        :param volumes: id → id of the project
        """
        return {id: project for id, project in volumes.items() if self._held.get(project) is not None}
