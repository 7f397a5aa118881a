"""Whatever conductors do to the records of a project, in any order, with old leases and new ones."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import update

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.base.errors import LeaseLost
from fiwareglancesync.locks.lease import leases
from fiwareglancesync.volumes.state.project_leases import ProjectLease, ProjectLeases
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges, WrongState
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState
from tests.support.volume_records import DAY, DUE, NEVER, PROJECT, REGION, planned

PLANNED, CREATING, RUNNING = RecordState.PLANNED, RecordState.CREATING, RecordState.RUNNING
GOOD, FAILED, LOST = RecordState.GOOD, RecordState.FAILED, RecordState.LOST
LATER = DUE + 30 * DAY

Expected = BackupRecord | None
"""What a change makes of a record; None when it is not there afterwards."""


class Impossible(Exception):
    """A record must not change like this."""


def from_states(*states: RecordState, late: bool = False) -> Callable[[BackupRecord], None]:
    """A condition for a change.

    :param late: whether a lost backup that was found is fine too
    """

    def check(record: BackupRecord) -> None:
        if record.state not in states and not (late and record.state is LOST and record.backup_id):
            raise Impossible

    return check


def adopt(record: BackupRecord, backup_id: str) -> Expected:
    if record.state is CREATING:
        return replace(record, state=RUNNING, backup_id=backup_id)
    if record.state is LOST and record.backup_id is None:
        return replace(record, backup_id=backup_id)
    raise Impossible


def end(record: BackupRecord, state: RecordState, expires: datetime | None, reason: str) -> Expected:
    return replace(record, state=state, finished=LATER, expires=expires, reason=reason, reported=True)


class Change:
    """One change, as the program makes it and as it should be.

    :param check: raises ``Impossible`` for records that must not change like this
    """

    def __init__(
        self,
        call: Callable[[VolumeChanges, BackupRecord, str], object],
        check: Callable[[BackupRecord], None],
        expected: Callable[[BackupRecord, str], Expected],
    ) -> None:
        self.call = call
        self._check = check
        self._expected = expected

    def expected(self, record: BackupRecord, word: str) -> Expected:
        self._check(record)
        return self._expected(record, word)


ANY = from_states(*RecordState)
CHANGES: dict[str, Change] = {
    "withdraw": Change(lambda c, r, _: c.withdraw(r.id), from_states(PLANNED), lambda r, _: None),
    "creating": Change(
        lambda c, r, _: c.creating(r.id, LATER),
        from_states(PLANNED),
        lambda r, _: replace(r, state=CREATING, begun=LATER),
    ),
    "refused": Change(
        lambda c, r, _: c.refused(r.id, BackupType.FULL),
        from_states(CREATING),
        lambda r, _: replace(r, state=PLANNED, begun=None, type=BackupType.FULL),
    ),
    "running": Change(
        lambda c, r, word: c.running(r.id, word),
        from_states(CREATING),
        lambda r, word: replace(r, state=RUNNING, backup_id=word),
    ),
    "adopted": Change(lambda c, r, word: c.adopted(r.id, word), ANY, adopt),
    "good": Change(
        lambda c, r, _: c.good(r.id, LATER, None, LATER),
        from_states(RUNNING, late=True),
        lambda r, _: end(r, GOOD, LATER, ""),
    ),
    "failed": Change(
        lambda c, r, word: c.failed(r.id, LATER, word),
        from_states(PLANNED, CREATING, RUNNING, late=True),
        lambda r, word: end(r, FAILED, r.expires, word),
    ),
    "lost": Change(
        lambda c, r, word: c.lost(r.id, LATER, word),
        from_states(CREATING),
        lambda r, word: end(r, LOST, r.expires, word),
    ),
}


class Conductors(RuleBasedStateMachine):
    """Conductors that take a project, write about it, are killed, and go on with a lease that they have lost."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = open_engine(f"sqlite:///{Path(self.folder.name)}/state.db")
        self.store = VolumeStore(self.engine, REGION)
        self.records: dict[str, BackupRecord] = {}
        self.taken: list[ProjectLease] = []
        self.valid: ProjectLease | None = None

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @initialize()
    def make_tables(self) -> None:
        metadata.create_all(self.engine)

    @rule()
    def somebody_takes_the_project(self) -> None:
        lease = ProjectLeases(self.engine, REGION, "run", NEVER).take(PROJECT)
        assert (lease is None) == (self.valid is not None)
        if lease is not None:
            self.valid = lease
            self.taken.append(lease)

    @precondition(lambda self: self.valid is not None)
    @rule()
    def the_conductor_is_killed_or_too_slow_and_another_one_takes_over(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(leases).values(expires=1.0))
        self.valid = None
        self.somebody_takes_the_project()

    @precondition(lambda self: self.valid is not None)
    @rule()
    def the_conductor_ends(self) -> None:
        assert self.valid is not None
        self.valid.give_back()
        self.valid = None

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), volume=st.sampled_from("vw"), day=st.integers(0, 2))
    def a_backup_is_planned(self, data: st.DataObject, volume: str, day: int) -> None:
        lease = data.draw(st.sampled_from(self.taken))
        record = planned(volume, DUE + day * DAY)
        same = any(
            found.volume_id == volume and (found.due == record.due or found.state.is_open)
            for found in self.records.values()
        )
        try:
            made = VolumeChanges(self.engine, lease).plan(record)
        except LeaseLost:
            assert lease is not self.valid
            return
        assert lease is self.valid
        assert made != same
        if made:
            self.records[record.id] = record

    @precondition(lambda self: self.taken and self.records)
    @rule(data=st.data(), name=st.sampled_from(sorted(CHANGES)))
    def a_record_changes(self, data: st.DataObject, name: str) -> None:
        lease = data.draw(st.sampled_from(self.taken))
        record = self.records[data.draw(st.sampled_from(sorted(self.records)))]
        change, word = CHANGES[name], str(uuid.uuid4())
        expected: Expected = record
        with suppress(Impossible):
            expected = change.expected(record, word)
        try:
            change.call(VolumeChanges(self.engine, lease), record, word)
        except LeaseLost:
            assert lease is not self.valid
            return
        except WrongState:
            assert expected == record
            return
        assert lease is self.valid
        assert expected != record
        if expected is None:
            del self.records[record.id]
        else:
            self.records[record.id] = expected

    @invariant()
    def the_database_holds_what_it_should(self) -> None:
        if self.taken:
            assert {record.id: record for record in self.store.records()} == self.records

    @invariant()
    def no_volume_is_backed_up_twice(self) -> None:
        due = [(record.volume_id, record.due) for record in self.records.values()]
        assert len(set(due)) == len(due)
        open_ones = [record.volume_id for record in self.records.values() if record.state.is_open]
        assert len(set(open_ones)) == len(open_ones)


TestConductors = Conductors.TestCase
TestConductors.settings = settings(stateful_step_count=30)
