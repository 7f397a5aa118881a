"""Makes the backups that are due, within the limits, until nothing is due any more (volumes 2.5 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...base.errors import CloudError
from ..planning.backup_limits import choose, most_running
from ..planning.volume_inventory import VolumeInventory
from ..planning.volume_plan import (
    BEGINS,
    VolumeEntry,
    VolumePlan,
    candidates,
    drop_closed,
    new_record,
    running_backups,
    with_type,
)
from ..volume_events import BackupPostponed, Problem
from ..volume_model import BackupRecord
from .backup_outcomes import OutcomeFinder
from .backup_requests import BackupRequester, Begun
from .held_projects import HeldProjects
from .inventory_reader import FRESH_SECONDS, InventoryReader
from .project_work import CycleStep, ProjectWork

POLL_SECONDS = 5.0
"""Seconds between two looks at the backups that are being made."""


@dataclass(frozen=True)
class BackupMaker(CycleStep):
    """Requests what is due, looks how far it is, and so on.

    :param held: the projects of this process
    :param requester: requests one backup
    :param outcomes: finds out what became of one
    :param wait: waits for so many seconds; what it raises ends the cycle
    """

    held: HeldProjects
    reader: InventoryReader
    requester: BackupRequester
    outcomes: OutcomeFinder
    wait: Callable[[float], None]

    def make(self, plan: VolumePlan, inventory: VolumeInventory, until: datetime | None) -> None:
        """Make what is due in the projects of this process.

        :param plan: the last one
        :param inventory: what it was made of
        :param until: when nothing new begins any more; None means that all is made that is due
        """
        due = (entry for entry in plan.entries if entry.verdict in BEGINS)
        waiting = {entry.volume_id: entry for entry in due if self.held.get(entry.project_id) is not None}
        while True:
            self._begin(waiting, inventory)
            busy = [work for work in self.held.each() if self._requested(work)]
            if not busy or (until is not None and self.now() >= until):
                return
            self.wait(POLL_SECONDS)
            self.look(busy)

    def look(self, works: Iterable[ProjectWork]) -> None:
        """Look how far the backups of projects are."""
        for work in works:
            with self.held.losing(work):
                for record in self._requested(work):
                    self.outcomes.look(work, record)

    def _requested(self, work: ProjectWork) -> list[BackupRecord]:
        """The backups of a project whose outcome Cinder can show."""
        unfinished = self.records.unfinished()
        return [record for record in unfinished if record.project_id == work.project_id and record.backup_id]

    def _begin(self, waiting: dict[str, VolumeEntry], inventory: VolumeInventory) -> None:
        """Request what the limits permit now; what begins, or cannot, waits no longer."""
        drop_closed(waiting, self.now())
        while chosen := self._chosen(waiting, inventory):
            for volume_id in chosen:
                entry = waiting.pop(volume_id, None)
                # Another conductor may have taken the project over meanwhile, or the project may be full.
                work = None if entry is None else self.held.get(entry.project_id)
                if entry is None or work is None:
                    continue
                outcome = Begun.PROJECT_IS_FULL
                with self.held.losing(work):
                    outcome = self._begin_one(work, entry, inventory)
                if outcome is Begun.REGION_IS_FULL:
                    return
                if outcome is Begun.PROJECT_IS_FULL:
                    self._drop_project(waiting, entry)

    def _chosen(self, waiting: dict[str, VolumeEntry], inventory: VolumeInventory) -> Iterable[str]:
        """The volumes that the limits permit now, in their order."""
        running = running_backups(self.records.unfinished(), inventory)
        return choose(candidates(waiting.values()), running, inventory.backup_hosts, self.settings).begins

    def _begin_one(self, work: ProjectWork, entry: VolumeEntry, inventory: VolumeInventory) -> Begun:
        """Begin a backup, full or incremental by the volume's backups at this moment."""
        if inventory.backups_read(entry.volume_id) < self.now() - timedelta(seconds=FRESH_SECONDS):
            try:
                backups = self.reader.backups_of(entry.volume_id).items
            except CloudError as error:
                return self._postpone(entry, f"its backups cannot be read: {error}", Begun.PROJECT_IS_FULL)
            history = self.records.of_volume(entry.volume_id)
            entry = with_type(entry, history, backups, inventory.account.user_id, self.settings)
            if entry.verdict not in BEGINS:
                return self._postpone(entry, entry.why, Begun.NO)
        return self.requester.begin(work, entry, most_running(inventory.backup_hosts, self.settings))

    def _drop_project(self, waiting: dict[str, VolumeEntry], refused: VolumeEntry) -> None:
        """Leave what is due in a project to the next cycle.

        :param refused: what could not begin
        """
        others = [each for each in waiting.values() if each.project_id == refused.project_id]
        for other in others:
            del waiting[other.volume_id]
        if others:
            text = f"volumes that are due too and wait for the next cycle: {len(others)}"
            self.emit(Problem(refused.project_name, text, is_failure=False))

    def _postpone(self, entry: VolumeEntry, why: str, begun: Begun) -> Begun:
        """Leave a volume to the next cycle; nothing is recorded of it."""
        record = new_record(entry, "", self.now())
        self.emit(BackupPostponed(record, why, is_failure=begun is Begun.PROJECT_IS_FULL))
        return begun
