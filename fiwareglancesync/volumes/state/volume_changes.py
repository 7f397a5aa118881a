"""Every change of the state of backups: one transaction each, under the lease of their project (volumes 4).

::

    changes = VolumeChanges(engine, lease)
    if changes.plan(record):                              # the row is there before anything is asked for
        changes.creating(record.id, now)                  # from here on the outcome is unknown until Cinder shows it
        if lease.outlives(timeout):
            ...                                           # the request
            changes.running(record.id, backup_id)         # or refused(), or failed()
        ...
        changes.good(record.id, finished, parent_id, expires)

Whoever takes over after a kill finds one of these records, and can go on:

* ``planned``: nothing has been sent; ``withdraw`` it, or go on with ``creating``.
* ``creating``: perhaps sent; look for the backup, then ``adopted``, or ``lost`` when it cannot come any more.
* ``running``: ask Cinder for ``backup_id``, then ``good`` or ``failed``.
* ``lost`` with a ``backup_id``: found late; the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from ...base.database import database_errors, key_of, packed
from ...base.database_clock import NOW
from ...base.errors import GlanceSyncError
from ..volume_model import BackupRecord, BackupType, RecordState
from .backup_slots import count_in_progress
from .project_leases import ProjectLease
from .volume_rows import NEW_REGION, ProjectState, make_row, seconds, values_of
from .volume_tables import backups, projects, regions

PLANNED, CREATING, RUNNING = RecordState.PLANNED, RecordState.CREATING, RecordState.RUNNING
GOOD, FAILED, LOST = RecordState.GOOD, RecordState.FAILED, RecordState.LOST


class WrongState(GlanceSyncError):
    """A record is not in a state in which this can happen to it; nothing was written."""


class RecordedTwice(WrongState):
    """Another record is of the same volume and due time, or of the same backup, or open and of the same volume."""


class VolumeChanges:
    """What one conductor writes about one project.

    Every method raises :class:`~fiwareglancesync.base.errors.LeaseLost` when another conductor has the project,
    :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used, and those with a record
    :class:`WrongState` when the record is not as expected; nothing is written then.

    :param engine: the database, its tables in place
    :param lease: the lease of the project
    """

    def __init__(self, engine: Engine, lease: ProjectLease) -> None:
        self._engine = engine
        self._lease = lease
        self._region = {"region_key": key_of(lease.region)}
        self._project = {**self._region, "project_id": lease.project_id}

    def plan(self, record: BackupRecord) -> bool:
        """Write down that a backup is to be made, before it is asked for.

        :param record: in state ``PLANNED``
        :return: False when there is a record of the same volume and due time, or an open one of the volume
        """
        return self._add(record)

    def restore(self, record: BackupRecord) -> bool:
        """Write down a backup that Cinder has and the database does not (``rebuild``).

        :param record: in the state that Cinder shows
        :return: False when there is a record of it already
        """
        return self._add(record)

    def withdraw(self, record_id: str) -> None:
        """Forget a backup that was planned and not asked for."""
        with self._transaction() as connection:
            self._expect(connection.execute(delete(backups).where(*self._record(record_id, PLANNED))), record_id)

    def creating(self, record_id: str, begun: datetime, at_most: int | None = None) -> bool:
        """Write down that a backup is asked for now; the request follows.

        :param begun: the present moment
        :param at_most: how many backups may be made, and restored by drills, at once in the region
        :return: False, and nothing is written, when so many are being made
        """
        if at_most is not None:
            make_row(self._engine, regions, self._region, NEW_REGION)
        with self._transaction() as connection:
            if at_most is not None and count_in_progress(connection, self._region) >= at_most:
                return False
            self._change(connection, record_id, _in(PLANNED), state=CREATING, begun=seconds(begun))
        return True

    def refused(self, record_id: str, type: BackupType | None = None) -> None:
        """Write down that Cinder refused the request and made nothing: it may be asked for again in this cycle.

        :param type: what is asked for next, None for the same
        """
        other = {} if type is None else {"type": type.value}
        with self._transaction() as connection:
            self._change(connection, record_id, _in(CREATING), state=PLANNED, begun=None, **other)

    def running(self, record_id: str, backup_id: str) -> None:
        """Write down Cinder's id, as it answered the request."""
        with self._transaction() as connection:
            self._change(connection, record_id, _in(CREATING), state=RUNNING, backup_id=backup_id)

    def adopted(self, record_id: str, backup_id: str) -> None:
        """Write down the id of a backup that was found in Cinder after an unknown outcome, soon or late.

        One that was lost stays so until ``good`` or ``failed``: its volume may have another open record by now.
        """
        found = {"backup_id": backup_id}
        with self._transaction() as connection:
            if not self._changed(connection, record_id, _in(CREATING), state=RUNNING, **found):
                self._change(connection, record_id, and_(_in(LOST), backups.c.backup_id.is_(None)), **found)

    def good(self, record_id: str, finished: datetime, parent_id: str | None, expires: datetime) -> None:
        """Write down that a backup is available, and the moment at which it expires.

        :param parent_id: None for a full one, and when it cannot be determined
        """
        ended = {"finished": seconds(finished), "parent_id": parent_id, "expires": seconds(expires), "reason": ""}
        with self._transaction() as connection:
            self._end(connection, record_id, _UNFINISHED, state=GOOD, **ended)

    def failed(self, record_id: str, finished: datetime, reason: str) -> None:
        """Write down why there is no good backup; with this the outcome is stored for the digest."""
        with self._transaction() as connection:
            found = or_(_in(PLANNED, CREATING), _UNFINISHED)
            self._end(connection, record_id, found, state=FAILED, finished=seconds(finished), reason=reason)

    def lost(self, record_id: str, finished: datetime, reason: str) -> None:
        """Write down that a backup that was asked for is in no whole listing that began after the settling time."""
        with self._transaction() as connection:
            self._end(connection, record_id, _in(CREATING), state=LOST, finished=seconds(finished), reason=reason)

    def parent_found(self, record_id: str, parent_id: str) -> None:
        """Write down the parent of a good incremental backup that could not be determined before."""
        with self._transaction() as connection:
            unknown = and_(_in(GOOD), backups.c.parent_id.is_(None))
            self._change(connection, record_id, unknown, parent_id=parent_id)

    def change_expiries(self, expiries: Mapping[str, datetime]) -> None:
        """Write down other moments at which backups expire.

        :param expiries: by id of the record
        """
        with self._transaction() as connection:
            for record_id, expires in expiries.items():
                self._change(connection, record_id, true(), expires=seconds(expires))

    def ask_removal(self, record_id: str, now: datetime) -> bool:
        """Write down that Cinder is asked now to remove a backup; the request follows.

        :return: False, and nothing is written, when an operator holds it
        """
        free = and_(_in(GOOD, FAILED, LOST), backups.c.backup_id.is_not(None), backups.c.held.is_(False))
        with self._transaction() as connection:
            if self._changed(connection, record_id, free, removal_asked=seconds(now), last_refusal=""):
                return True
            self._change(connection, record_id, backups.c.held.is_(True), held=True)  # else it is no such record
        return False

    def removal_refused(self, record_id: str, reason: str) -> None:
        """Count that Cinder refused to remove a backup, and keep what it said."""
        values = {"refusals": backups.c.refusals + 1, "last_refusal": reason}
        with self._transaction() as connection:
            self._change(connection, record_id, backups.c.removal_asked.is_not(None), **values)

    def removal_not_begun(self, record_id: str, reason: str) -> None:
        """Write down that the removal could not be requested at this moment; it may be held again."""
        with self._transaction() as connection:
            self._change(connection, record_id, backups.c.removal_asked.is_not(None), last_refusal=reason)

    def missing(self, record_id: str, now: datetime) -> None:
        """Write down that Cinder does not find a backup by its id (404); the first time counts."""
        since = func.coalesce(backups.c.missing_since, seconds(now))
        with self._transaction() as connection:
            self._change(connection, record_id, backups.c.backup_id.is_not(None), missing_since=since)

    def found_again(self, record_id: str) -> None:
        """Write down that Cinder finds it after all."""
        with self._transaction() as connection:
            self._change(connection, record_id, true(), missing_since=None)

    def gone(self, record_id: str) -> None:
        """Write down that a backup was not found in two cycles: its record is kept for the digest alone."""
        with self._transaction() as connection:
            closed = and_(_in(GOOD, FAILED, LOST), backups.c.missing_since.is_not(None))
            self._change(connection, record_id, closed, removed=NOW)

    def forget(self, record_ids: Iterable[str]) -> None:
        """Forget failed and lost backups that nothing needs any more."""
        with self._transaction() as connection:
            for record_id in record_ids:
                connection.execute(delete(backups).where(*self._record(record_id, FAILED, LOST)))

    def cycle_ended(self, state: ProjectState) -> None:
        """Write down what the digest says of the project; the allowance of deletions stays as it is.

        :param state: of the project of the lease
        """
        values = {
            "project_name": state.project_name, "last_whole": seconds(state.last_whole),
            "last_cycle": seconds(state.last_cycle), "summary": packed(state.summary),
        }  # fmt: skip
        make_row(self._engine, projects, self._project, {"project_name": state.project_name, "allowed_deletions": 0})
        with self._transaction() as connection:
            connection.execute(update(projects).filter_by(**self._project).values(values))

    def use_allowed_deletions(self) -> None:
        """Forget how many removals an operator has allowed, before the first of them: they count for one cycle."""
        with self._transaction() as connection:
            connection.execute(update(projects).filter_by(**self._project).values(allowed_deletions=0))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction in which nobody else has the project."""
        with database_errors(), self._engine.begin() as connection:
            self._lease.guard(connection)
            try:
                yield connection
            except IntegrityError as error:
                raise RecordedTwice("another record is of the same backup, or of its volume and due time") from error

    def _add(self, record: BackupRecord) -> bool:
        if record.project_id != self._lease.project_id:
            raise WrongState(f"backup '{record.id}' is of project {record.project_id}, not {self._lease.project_id}")
        values = values_of(record) | self._region | {
            "open_volume": record.volume_id if record.state.is_open else None,
            # What is reported already is in no further digest.
            "recorded": seconds(record.finished or record.due) if record.reported else None,
        }
        try:
            with self._transaction() as connection:
                if connection.execute(select(backups.c.id).where(_same(record))).first() is not None:
                    return False
                connection.execute(insert(backups).values(values))
        except RecordedTwice:  # another process was first
            return False
        return True

    def _record(self, record_id: str, *states: RecordState) -> tuple[Any, ...]:
        mine = [backups.c[name] == value for name, value in self._project.items()]
        return (backups.c.id == record_id, *mine, backups.c.removed.is_(None), *((_in(*states),) if states else ()))

    def _changed(self, connection: Connection, record_id: str, expected: Any, **values: Any) -> bool:
        state = values.get("state")
        if state is not None:
            values["state"] = state.value
            if not state.is_open:
                values["open_volume"] = None
        change = update(backups).where(*self._record(record_id), expected).values(values)
        return connection.execute(change).rowcount > 0

    def _change(self, connection: Connection, record_id: str, expected: Any, **values: Any) -> None:
        if not self._changed(connection, record_id, expected, **values):
            raise self._wrong(record_id)

    def _end(self, connection: Connection, record_id: str, expected: Any, **values: Any) -> None:
        """Write down an outcome, and when, by the database's clock: digests go by that."""
        self._change(connection, record_id, expected, recorded=NOW, **values)

    def _expect(self, done: Any, record_id: str) -> None:
        if not done.rowcount:
            raise self._wrong(record_id)

    def _wrong(self, record_id: str) -> WrongState:
        return WrongState(f"the record {record_id} of a backup is not there, or not in the state that is expected")


def _in(*states: RecordState) -> Any:
    return backups.c.state.in_([state.value for state in states])


def _same(record: BackupRecord) -> Any:
    """Records beside which a record cannot be."""
    same = [and_(backups.c.volume_id == record.volume_id, backups.c.due == seconds(record.due))]
    if record.state.is_open:
        same.append(backups.c.open_volume == record.volume_id)
    if record.backup_id is not None:
        same.append(backups.c.backup_id == record.backup_id)
    return or_(backups.c.id == record.id, *same)


_UNFINISHED = or_(_in(RUNNING), and_(_in(LOST), backups.c.backup_id.is_not(None)))
