"""Removes expired backups of a project, as the plan of retention says (volumes 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ..base.errors import CloudError
from ..openstack.cloud_model import CloudBackup
from ..openstack.request_outcome import Accepted, Refusal, Refused
from .backup_cloud import BackupCloud
from .backup_removal import REMOVABLE, ExpiredBackup
from .backup_retention import RetentionPlan, is_gone
from .project_work import ProjectWork, Records
from .volume_events import BackupGone, EmitVolume, Problem, RemovalRefused, RemovalRequested
from .volume_model import BackupRecord


class Rotation:
    """Carries a plan of retention out, in one project after the other.

    :param records: of the region
    :param now: the present moment by the database's clock
    :param scope: id of the project whose token removes backups, "" for that of each backup, as it has to be: Cinder
        protects a chain only then
    """

    def __init__(
        self,
        cloud: BackupCloud,
        records: Records,
        emit: EmitVolume,
        now: Callable[[], datetime],
        scope: str = "",
    ) -> None:
        self._cloud = cloud
        self._records = records
        self._emit = emit
        self._now = now
        self._scope = scope

    def rotate(self, work: ProjectWork, plan: RetentionPlan, account: str, cycle_begun: datetime) -> None:
        """Do what the plan says in the project of a lease.

        :param account: id of the user of the account
        :param cycle_begun: when this cycle began
        :raises LeaseLost: another conductor has the project
        """
        mine = self._records.of_project(work.project_id)
        expiries = {id: expires for id, expires in plan.expiries.items() if id in mine}
        if expiries:
            work.changes.change_expiries(expiries)
            for id, expires in expiries.items():
                self._records.change(mine[id], expires=expires)
        for record in plan.found_again:
            if record.id in mine:
                work.changes.found_again(record.id)
                self._records.change(self._records.by_id[record.id], missing_since=None)
        for record in plan.unconfirmed:
            if record.id in mine:
                self._confirm(work, record, cycle_begun)
        outdated = [record for record in plan.outdated if record.id in mine]
        if outdated:
            work.changes.forget([record.id for record in outdated])
            for record in outdated:
                self._records.drop(record)
        if work.project_id in plan.problems:
            name = next((record.project_name for record in mine.values()), work.project_id)
            self._emit(Problem(name, f"nothing is removed: {plan.problems[work.project_id]}"))
            return
        self.remove(work, [each for each in plan.removals if each.record.id in mine], account)

    def remove(self, work: ProjectWork, removals: Sequence[ExpiredBackup], account: str) -> set[str]:
        """Request removals, one after the other.

        :param removals: in the project of the lease
        :param account: id of the user of the account
        :return: the ids of the records whose removal Cinder accepted
        :raises LeaseLost: another conductor has the project
        """
        accepted = set()
        if removals:
            work.changes.use_allowed_deletions()
        for each in removals:
            try:
                if self._remove_one(work, each.record, account):
                    accepted.add(each.record.id)
            except CloudError as error:  # nothing was sent
                self._emit(Problem(each.record.project_name, f"backup {each.record.backup_id} is not removed: {error}"))
                break
        return accepted

    def _remove_one(self, work: ProjectWork, record: BackupRecord, account: str) -> bool:
        """Read it again, and request its removal if it is still what the plan took it for."""
        backup_id = record.backup_id or ""
        backup = self._cloud.backup(backup_id)
        if backup is None:
            work.changes.missing(record.id, self._now())
            self._records.change(record, missing_since=record.missing_since or self._now())
            return False
        why = _why_not(record, backup, account)
        if why:
            self._emit(RemovalRefused(record, why))
            return False
        if not work.changes.ask_removal(record.id, self._now()):
            self._records.change(record, held=True)
            return False
        record = self._records.change(record, removal_asked=self._now())
        outcome = self._cloud.delete_backup(self._scope or record.project_id, backup_id, check=work.check_request)
        if isinstance(outcome, Refused) and outcome.refusal is not Refusal.NOT_FOUND:
            work.changes.removal_refused(record.id, outcome.text)
            values = {"refusals": record.refusals + 1, "last_refusal": outcome.text}
            self._emit(RemovalRefused(self._records.change(record, **values), outcome.text))
        elif isinstance(outcome, Accepted):
            self._emit(RemovalRequested(record))
            return True
        # What came of an unknown outcome, or of a backup that is not found, the next cycle sees.
        return False

    def _confirm(self, work: ProjectWork, record: BackupRecord, cycle_begun: datetime) -> None:
        """Ask for a backup that no listing has by its id."""
        try:
            backup = self._cloud.backup(record.backup_id or "")
        except CloudError as error:
            self._emit(Problem(record.project_name, f"backup {record.backup_id}: {error}", is_failure=False))
            return
        if backup is not None:
            if record.missing_since is not None:
                work.changes.found_again(record.id)
                self._records.change(record, missing_since=None)
        elif is_gone(record, cycle_begun):
            work.changes.gone(record.id)
            self._records.drop(record)
            self._emit(BackupGone(record))
        else:
            work.changes.missing(record.id, self._now())
            self._records.change(record, missing_since=record.missing_since or self._now())


def _why_not(record: BackupRecord, backup: CloudBackup, account: str) -> str:
    """Why a backup that was just read is not removed, "" when it may be (volumes 3)."""
    if backup.user_id != account:
        return "Cinder says that somebody else made it"
    if backup.project_id != record.project_id:
        return f"it is in another project now: {backup.project_id}"
    if backup.has_dependent_backups:
        return "other backups build on it"
    if backup.status not in REMOVABLE:
        return f"it has the status {backup.status}"
    return ""
