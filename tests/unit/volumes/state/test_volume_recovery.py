"""A conductor is killed before any statement or request; the next one finds out what became of each backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState
from tests.support.databases import Killed, broken_at
from tests.support.volume_records import DAY, DUE, REGION, planned, taken, taken_over


@dataclass
class Cinder:
    """The backups that Cinder has: id of the task → id of the backup.

    :param dies: whether the conductor is killed at the next request
    :param late: whether that request is carried out all the same
    """

    dies: bool = False
    late: bool = False
    backups: dict[str, str] = field(default_factory=dict)

    def create(self, task: str) -> str:
        """Make a backup."""
        if not self.dies or self.late:
            assert task not in self.backups, "two backups for one due time"
            self.backups[task] = f"backup of {task}"[:64]
        if self.dies:
            self.dies = False
            raise Killed
        return self.backups[task]


def back_up(changes: VolumeChanges, record: BackupRecord, cinder: Cinder) -> None:
    """What a conductor does when a volume is due."""
    if changes.plan(record):
        request(changes, record, cinder)


def request(changes: VolumeChanges, record: BackupRecord, cinder: Cinder) -> None:
    assert changes.creating(record.id, DUE, at_most=4)
    changes.running(record.id, cinder.create(record.id))
    changes.good(record.id, DUE, None, DUE + DAY)


def recover(store: VolumeStore, changes: VolumeChanges, cinder: Cinder) -> None:
    """What a conductor does with what another one has left, as ``volume_changes`` says."""
    for record in store.unfinished():
        if record.state is RecordState.PLANNED:
            request(changes, record, cinder)
        elif record.backup_id is not None:
            changes.good(record.id, DUE, None, DUE + DAY)
        elif record.id in cinder.backups:
            changes.adopted(record.id, cinder.backups[record.id])
            changes.good(record.id, DUE, None, DUE + DAY)
        else:
            changes.lost(record.id, DUE, "not found")


def outcome(engine: Engine, cinder: Cinder) -> RecordState | None:
    """Take over, recover, and say what became of the backup that was due."""
    store = VolumeStore(engine, REGION)
    changes = VolumeChanges(engine, taken_over(engine))
    recover(store, changes, cinder)
    assert store.unfinished() == []
    records = list(store.records())
    assert {record.backup_id for record in records if record.backup_id} == set(cinder.backups.values())
    assert changes.plan(planned(due=DUE + DAY)), "the volume is not free for its next backup"
    return records[0].state if records else None


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Engine]:
    """Makes an empty database."""

    def make() -> Engine:
        engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db")
        metadata.create_all(engine)
        return engine

    return make


def attempts(fresh: Callable[[], Engine]) -> Iterator[tuple[Engine, Cinder]]:
    """A backup that is killed before each of its statements, until one comes to its end."""
    number, begun = 0, [""]
    while len(begun) >= number:
        number += 1
        engine, cinder = fresh(), Cinder()
        changes = VolumeChanges(engine, taken(engine))
        with broken_at(number) as begun, suppress(Killed):
            back_up(changes, planned(), cinder)
        yield engine, cinder
    assert number > 8


def test_a_kill_before_any_statement_loses_nothing_and_doubles_nothing(fresh: Callable[[], Engine]) -> None:
    seen = [outcome(engine, cinder) for engine, cinder in attempts(fresh)]
    # At first nothing had been written.
    assert list(dict.fromkeys(seen)) == [None, RecordState.GOOD]


@pytest.mark.parametrize(
    ("late", "state"),
    [
        pytest.param(False, RecordState.LOST, id="the request did not arrive"),
        pytest.param(True, RecordState.GOOD, id="the request arrived"),
    ],
)
def test_a_kill_at_the_request_leaves_an_unknown_outcome_that_is_found_out(
    fresh: Callable[[], Engine], late: bool, state: RecordState
) -> None:
    engine, cinder = fresh(), Cinder(dies=True, late=late)
    with pytest.raises(Killed):
        back_up(VolumeChanges(engine, taken(engine)), planned(), cinder)
    (left,) = VolumeStore(engine, REGION).unfinished()
    assert left.state is RecordState.CREATING
    assert outcome(engine, cinder) is state


def test_a_recovery_that_is_killed_is_repeated(fresh: Callable[[], Engine]) -> None:
    number, begun = 0, [""]
    while len(begun) >= number:
        number += 1
        engine, cinder = fresh(), Cinder(dies=True, late=True)
        with suppress(Killed):
            back_up(VolumeChanges(engine, taken(engine)), planned(), cinder)
        changes = VolumeChanges(engine, taken_over(engine))
        with broken_at(number) as begun, suppress(Killed):
            recover(VolumeStore(engine, REGION), changes, cinder)
        assert outcome(engine, cinder) is RecordState.GOOD
    assert number > 4
