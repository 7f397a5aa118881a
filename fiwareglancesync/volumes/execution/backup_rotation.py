"""Removes expired backups of a project, as the plan of retention says (volumes 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.errors import CloudError
from ...openstack.cloud_model import CloudBackup
from ...openstack.request_outcome import Accepted, Outcome, Refusal, Refused, Unknown
from ..planning.backup_removal import REMOVABLE, ExpiredBackup
from ..planning.backup_retention import RetentionPlan, is_gone
from ..volume_events import BackupGone, Problem, RemovalRefused, RemovalRequested
from ..volume_model import BackupRecord
from .project_work import CycleStep, ProjectWork

REFUSED_FOR_NOW = frozenset({Refusal.FOR_NOW, Refusal.UNAUTHORIZED})
"""Refusals of any request at this moment: they say nothing about the backup."""


@dataclass(frozen=True)
class Rotation(CycleStep):
    """Carries a plan of retention out, in one project after the other.

    :param scope: id of the project whose token removes backups, "" for that of each backup, as it has to be: Cinder
        protects a chain only then
    """

    scope: str = ""

    def rotate(self, work: ProjectWork, plan: RetentionPlan, account: str, cycle_begun: datetime) -> None:
        """Do what the plan says in the project of a lease.

        :param account: id of the user of the account
        :param cycle_begun: when this cycle began
        :raises LeaseLost: another conductor has the project
        """
        mine = self.records.of_project(work.project_id)
        expiries = {id: plan.expiries[id] for id in mine if id in plan.expiries}
        if expiries:
            work.changes.change_expiries(expiries)
            for id, expires in expiries.items():
                self.records.change(mine[id], expires=expires)
        for record in plan.found_again:
            if record.id in mine:
                work.changes.found_again(record.id)
                self.records.change(mine[record.id], missing_since=None)
        for record in plan.unconfirmed:
            if record.id in mine:
                self._confirm(work, record, cycle_begun)
        outdated = [record for record in plan.outdated if record.id in mine]
        if outdated:
            work.changes.forget([record.id for record in outdated])
            for record in outdated:
                self.records.drop(record)
        if work.project_id in plan.problems:
            name = next((record.project_name for record in mine.values()), work.project_id)
            self.emit(Problem(name, f"nothing is removed: {plan.problems[work.project_id]}"))
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
            except CloudError as error:  # nothing can be requested now
                self.emit(Problem(each.record.project_name, f"backup {each.record.backup_id} is not removed: {error}"))
                break
        return accepted

    def _remove_one(self, work: ProjectWork, record: BackupRecord, account: str) -> bool:
        """Read it again, and request its removal if it is still what the plan took it for."""
        backup_id = record.backup_id or ""
        backup = self.cloud.backup(backup_id)
        if backup is None:
            work.changes.missing(record.id, self.now())
            self.records.change(record, missing_since=record.missing_since or self.now())
            return False
        why = _why_not(record, backup, account)
        if why:
            self.emit(RemovalRefused(record, why))
            return False
        if not work.changes.ask_removal(record.id, self.now()):
            self.records.change(record, held=True)
            return False
        record = self.records.change(record, removal_asked=self.now())
        scope = self.scope or record.project_id
        try:
            outcome = self.cloud.delete_backup(scope, backup_id, check=work.check_request)
            if isinstance(outcome, Refused) and outcome.refusal in REFUSED_FOR_NOW:
                raise CloudError(outcome.text)
        except CloudError as error:
            work.changes.removal_not_begun(record.id, str(error))
            raise
        return self._is_accepted(work, record, outcome)

    def _is_accepted(self, work: ProjectWork, record: BackupRecord, outcome: Outcome) -> bool:
        if isinstance(outcome, Accepted):
            self.emit(RemovalRequested(record))
            return True
        if isinstance(outcome, Unknown):
            text = "it is not known whether Cinder removes it; a later cycle finds out. Cause:"
            self.emit(
                Problem(record.project_name, f"backup {record.backup_id}: {text} {outcome.text}", is_failure=False)
            )
        elif outcome.refusal is not Refusal.NOT_FOUND:  # one that is not found the next cycle looks for
            work.changes.removal_refused(record.id, outcome.text)
            values = {"refusals": record.refusals + 1, "last_refusal": outcome.text}
            self.emit(RemovalRefused(self.records.change(record, **values), outcome.text))
        return False

    def _confirm(self, work: ProjectWork, record: BackupRecord, cycle_begun: datetime) -> None:
        """Ask for a backup that no listing has by its id."""
        try:
            backup = self.cloud.backup(record.backup_id or "")
        except CloudError as error:
            self.emit(Problem(record.project_name, f"backup {record.backup_id}: {error}", is_failure=False))
            return
        if backup is not None:
            if record.missing_since is not None:
                work.changes.found_again(record.id)
                self.records.change(record, missing_since=None)
        elif is_gone(record, cycle_begun):
            work.changes.gone(record.id)
            self.records.drop(record)
            self.emit(BackupGone(record))
        else:
            work.changes.missing(record.id, self.now())
            self.records.change(record, missing_since=record.missing_since or self.now())


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
