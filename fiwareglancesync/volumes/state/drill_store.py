"""The rows of restore drills: what is read without a lease, and what the one drill of a region writes (volumes 1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, delete, insert, or_, select, update

from ...base.database import database_errors, key_of
from ...base.database_clock import NOW
from ...locks.lease_group import HeldLease
from ..drill_model import DrillRecord, DrillState
from .backup_slots import count_in_progress
from .volume_changes import WrongState
from .volume_rows import NEW_REGION, make_row, moment, moment_of, seconds
from .volume_tables import backups, drills, regions

FIELDS = tuple(field.name for field in fields(DrillRecord))
OPEN = (DrillState.CREATING, DrillState.RESTORING)


class DrillStore:
    """The drills of a region.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    :param region: full name of the region
    """

    def __init__(self, engine: Engine, region: str) -> None:
        self._engine = engine
        self._region = {"region_key": key_of(region)}

    def all(self) -> list[DrillRecord]:
        """All drills, the oldest first."""
        return self._found(_drills())

    def unfinished(self) -> list[DrillRecord]:
        """The drills whose temporary volume may be there, the oldest first."""
        return self._found(_drills().where(drills.c.removed.is_(None)))

    def ended(self, since: datetime, until: datetime) -> list[DrillRecord]:
        """The drills that ended within a time, for a digest.

        :param since: by the database's clock
        :param until: not included
        """
        return self._found(_drills().where(drills.c.recorded >= seconds(since), drills.c.recorded < seconds(until)))

    def drop_old(self, age: float) -> int:
        """Forget the drills that ended longer ago than ``age`` seconds and left no volume; returns how many."""
        with database_errors(), self._engine.begin() as connection:
            old = delete(drills).filter_by(**self._region).where(drills.c.removed < NOW - age)
            return connection.execute(old).rowcount

    def _found(self, query: Select[Any]) -> list[DrillRecord]:
        ordered = query.filter_by(**self._region).order_by(drills.c.begun, drills.c.id)
        with database_errors(), self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(ordered)]


class DrillChanges:
    """What the drill that has the lease writes.

    Every method raises :class:`~fiwareglancesync.base.errors.LeaseLost` when another one has it,
    :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used, and
    :class:`~fiwareglancesync.volumes.state.volume_changes.WrongState` when the row is not as expected. Then nothing is
    written.

    :param engine: the database, its tables in place
    :param region: full name of the region
    :param lease: for drills in the region
    """

    def __init__(self, engine: Engine, region: str, lease: HeldLease) -> None:
        self._engine = engine
        self._lease = lease
        self._region = {"region_key": key_of(region)}

    def begin(self, record: DrillRecord, at_most: int) -> bool:
        """Write down a drill, before its temporary volume is requested.

        :param record: in state ``CREATING``
        :param at_most: how many backups and drills may go on at once in the region
        :return: False, and nothing is written, when so many go on
        """
        make_row(self._engine, regions, self._region, NEW_REGION)
        with self._transaction() as connection:
            if count_in_progress(connection, self._region) >= at_most:
                return False
            connection.execute(insert(drills).values(_values(record) | self._region))
        return True

    def made(self, drill_id: str, temporary_id: str) -> None:
        """Write down the id of the temporary volume, as Cinder answered, or found later."""
        unknown = and_(drills.c.temporary_id.is_(None), drills.c.removed.is_(None))
        self._change(drill_id, unknown, temporary_id=temporary_id)

    def restoring(self, drill_id: str) -> None:
        """Write down that the restore is requested now; the request follows."""
        known = drills.c.temporary_id.is_not(None)
        self._change(drill_id, and_(_in(DrillState.CREATING), known), state=DrillState.RESTORING.value)

    def ended(self, drill_id: str, state: DrillState, finished: datetime, reason: str) -> None:
        """Write down an outcome, with which it is stored for the digest, and what it says of the backup.

        :param reason: why it is not good
        """
        values = {"state": state.value, "finished": seconds(finished), "reason": reason, "recorded": NOW}
        with self._transaction() as connection:
            self._change_in(connection, drill_id, _in(*OPEN), values)
            if state is not DrillState.UNDECIDED:
                drilled = select(drills.c.backup_id).where(drills.c.id == drill_id).scalar_subquery()
                of_it = update(backups).filter_by(**self._region).where(backups.c.backup_id == drilled)
                connection.execute(of_it.values(drill_failed=state is DrillState.FAILED))

    def removed(self, drill_id: str) -> None:
        """Write down that the temporary volume of a drill that has ended is not there."""
        self._change(drill_id, and_(~_in(*OPEN), drills.c.removed.is_(None)), removed=NOW)

    def _change(self, drill_id: str, expected: Any, **values: Any) -> None:
        with self._transaction() as connection:
            self._change_in(connection, drill_id, expected, values)

    def _change_in(self, connection: Connection, drill_id: str, expected: Any, values: Mapping[str, Any]) -> None:
        change = update(drills).filter_by(**self._region).where(drills.c.id == drill_id, expected).values(values)
        if not connection.execute(change).rowcount:
            raise WrongState(f"the record {drill_id} of a drill is not there, or not in the state that is expected")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction in which nobody else drills in the region."""
        with database_errors(), self._engine.begin() as connection:
            self._lease.guard(connection)
            yield connection


def _in(*states: DrillState) -> Any:
    return or_(*(drills.c.state == state.value for state in states))


def _drills() -> Select[Any]:
    return select(*(drills.c[name] for name in FIELDS))


def _values(record: DrillRecord) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in FIELDS}
    times = {name: seconds(values[name]) for name in ("begun", "finished", "removed")}
    return values | times | {"state": record.state.value}


def _record(row: Any) -> DrillRecord:
    values = {name: getattr(row, name) for name in FIELDS}
    times = {name: moment_of(values[name]) for name in ("finished", "removed")}
    return DrillRecord(**values | times | {"begun": moment(row.begun), "state": DrillState(row.state)})
