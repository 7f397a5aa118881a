"""What the database knows about backups of volumes, and what an operator may change of it (volumes 4).

Conductors write with :class:`~fiwareglancesync.volumes.state.volume_changes.VolumeChanges`, under the lease of a
project.
Reading needs no lease, and neither does what an operator decides: a conductor respects it with its next write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, and_, delete, exists, or_, select, update

from ...base.database import database_errors, key_of, unpacked
from ...base.database_clock import NOW
from ...base.errors import GlanceSyncError
from ..volume_model import BackupRecord, RecordState
from .volume_rows import (
    NEW_REGION,
    ProjectState,
    RecordReader,
    make_row,
    moment,
    moment_of,
    record_columns,
    seconds,
)
from .volume_tables import backups, projects, regions

ROWS_AT_ONCE = 2000
"""Records that are read from the database at once."""

WAS_REFUSED = backups.c.last_refusal != ""
"""Whether Cinder did not begin the removal that was requested last."""


def is_recorded(engine: Engine, backup_id: str) -> bool:
    """Whether a backup is one of ours, in any region, as the policy server has to know; one look into an index.

    :param engine: the database; one that keeps its connections
    :param backup_id: Cinder's id
    :raises DatabaseUnavailable: the database cannot be used
    """
    with database_errors(), engine.connect() as connection:
        return connection.execute(select(exists().where(backups.c.backup_id == backup_id))).scalar_one()


class OtherAccount(GlanceSyncError):
    """The database holds the backups of another account; nothing may be done with them."""


class VolumeStore:
    """The backups of a region.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    :param region: full name of the region
    """

    def __init__(self, engine: Engine, region: str) -> None:
        self._engine = engine
        self._name = region
        self._region = {"region_key": key_of(region)}

    def now(self) -> datetime:
        """The present moment by the database's clock."""
        with database_errors(), self._engine.connect() as connection:
            return moment(connection.execute(select(NOW)).scalar_one())

    def claim(self, account_id: str) -> None:
        """Record whose backups the region's are, unless that is recorded.

        :param account_id: id of the user that makes them
        :raises OtherAccount: they are another user's: of another cloud, perhaps, or of a former account
        """
        make_row(self._engine, regions, self._region, {**NEW_REGION, "account_id": account_id})
        ours = update(regions).filter_by(**self._region, account_id="").values(account_id=account_id)
        with database_errors(), self._engine.begin() as connection:
            connection.execute(ours)
            found = connection.execute(select(regions.c.account_id).filter_by(**self._region)).scalar_one()
        if found != account_id:
            raise OtherAccount(
                f"the database holds the backups that user {found} made in region {self._name}, and the account is"
                f" user {account_id}; use that account, or name another database in [main]"
            )

    def records(self, project_id: str | None = None) -> Iterator[BackupRecord]:
        """The records of a project, or of all, without those of backups that are gone; by volume and due time.

        They are read a few at a time.
        """
        return self._found(_of(project_id).order_by(backups.c.volume_id, backups.c.due))

    def recorded_projects(self) -> set[str]:
        """The ids of the projects that have records, without those of which all backups are gone."""
        query = select(backups.c.project_id).filter_by(**self._region).where(backups.c.removed.is_(None)).distinct()
        with database_errors(), self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def unfinished(self, project_id: str | None = None) -> list[BackupRecord]:
        """The records whose outcome is to be looked for, the longest-waiting first."""
        found_late = (backups.c.state == RecordState.LOST.value) & backups.c.backup_id.is_not(None)
        query = _of(project_id).where(or_(backups.c.open_volume.is_not(None), found_late))
        return list(self._found(query.order_by(backups.c.due, backups.c.id)))

    def outcomes(self, since: datetime, until: datetime | None = None) -> list[BackupRecord]:
        """The records that got an outcome, or whose backup went, within a time, for a digest; by volume and due time.

        :param since: by the database's clock
        :param until: not included; None means the present moment
        """
        end = NOW if until is None else seconds(until)
        within = [(moment >= seconds(since)) & (moment < end) for moment in (backups.c.recorded, backups.c.removed)]
        return list(self._found(_records().where(or_(*within)).order_by(backups.c.volume_id, backups.c.due)))

    def projects(self) -> Mapping[str, ProjectState]:
        """What is remembered of each project, by its id."""
        with database_errors(), self._engine.connect() as connection:
            rows = connection.execute(select(projects).filter_by(**self._region)).all()
        return {row.project_id: _project(row) for row in rows}

    def hold(self, backup_id: str) -> bool:
        """Forbid to remove a backup, until ``release``.

        :return: False when there is no such backup, or its removal has been asked for already
        """
        not_asked = or_(backups.c.removal_asked.is_(None), WAS_REFUSED)
        return self._decide(backup_id, not_asked, held=True)

    def release(self, backup_id: str) -> bool:
        """Allow to remove a backup that was held; False when there is no such backup."""
        return self._decide(backup_id, backups.c.held.is_not(None), held=False)

    def retry(self, backup_id: str) -> bool:
        """Have a removal that Cinder refused tried again in the next cycle; False when none was refused."""
        refused = and_(backups.c.refusals > 0, WAS_REFUSED)
        return self._decide(backup_id, refused, refusals=0, last_refusal="", removal_asked=None)

    def allow_deletions(self, project_id: str, project_name: str, count: int) -> None:
        """Allow so many removals in the next cycle of a project, beyond the usual limit (volumes 3)."""
        key = {**self._region, "project_id": project_id}
        make_row(self._engine, projects, key, {"project_name": project_name, "allowed_deletions": count})
        with database_errors(), self._engine.begin() as connection:
            connection.execute(update(projects).filter_by(**key).values(allowed_deletions=count))

    def drop_gone(self, age: float) -> int:
        """Forget the backups that went longer ago than ``age`` seconds, when no digest needs them; returns how many."""
        with database_errors(), self._engine.begin() as connection:
            old = delete(backups).filter_by(**self._region).where(backups.c.removed < NOW - age)
            return connection.execute(old).rowcount

    def _decide(self, backup_id: str, expected: Any, **values: Any) -> bool:
        there = (backups.c.backup_id == backup_id, backups.c.removed.is_(None))
        with database_errors(), self._engine.begin() as connection:
            change = update(backups).filter_by(**self._region).where(*there, expected)
            return connection.execute(change.values(values)).rowcount > 0

    def _found(self, query: Select[Any]) -> Iterator[BackupRecord]:
        with database_errors(), self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query.filter_by(**self._region))
            yield from map(RecordReader().read, rows)


def _records() -> Select[Any]:
    return select(*record_columns())


def _of(project_id: str | None) -> Select[Any]:
    """The records of a project, or of all, but for backups that are gone."""
    query = _records().where(backups.c.removed.is_(None))
    return query if project_id is None else query.where(backups.c.project_id == project_id)


def _project(row: Any) -> ProjectState:
    return ProjectState(
        project_id=row.project_id,
        project_name=row.project_name,
        last_whole=moment_of(row.last_whole),
        last_cycle=moment_of(row.last_cycle),
        allowed_deletions=row.allowed_deletions,
        summary="" if row.summary is None else unpacked(row.summary),
    )
