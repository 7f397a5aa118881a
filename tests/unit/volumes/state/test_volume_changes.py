"""The states of backups: each change is one transaction under the lease of the project, from the right state only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable, LeaseLost
from fiwareglancesync.volumes.state.volume_changes import RecordedTwice, VolumeChanges, WrongState
from fiwareglancesync.volumes.state.volume_rows import ProjectState
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState
from tests.support.volume_records import (
    DAY,
    DUE,
    ODD,
    PROJECT,
    REGION,
    changes_of,
    planned,
    run_to,
    taken,
    taken_over,
)

Change = Callable[[VolumeChanges, str], object]

CHANGES: dict[str, tuple[Change, frozenset[RecordState]]] = {
    "withdraw": (lambda changes, id: changes.withdraw(id), frozenset({RecordState.PLANNED})),
    "creating": (lambda changes, id: changes.creating(id, DUE), frozenset({RecordState.PLANNED})),
    "refused": (lambda changes, id: changes.refused(id), frozenset({RecordState.CREATING})),
    "running": (lambda changes, id: changes.running(id, f"c {id}"), frozenset({RecordState.CREATING})),
    "adopted": (
        lambda changes, id: changes.adopted(id, f"c {id}"),
        frozenset({RecordState.CREATING, RecordState.LOST}),
    ),
    "good": (lambda changes, id: changes.good(id, DUE, None, DUE + DAY), frozenset({RecordState.RUNNING})),
    "failed": (
        lambda changes, id: changes.failed(id, DUE, "reason"),
        frozenset({RecordState.PLANNED, RecordState.CREATING, RecordState.RUNNING}),
    ),
    "lost": (lambda changes, id: changes.lost(id, DUE, "reason"), frozenset({RecordState.CREATING})),
    "parent found": (lambda changes, id: changes.parent_found(id, "a"), frozenset({RecordState.GOOD})),
    "ask removal": (
        lambda changes, id: changes.ask_removal(id, DUE),
        frozenset({RecordState.GOOD, RecordState.FAILED}),
    ),
    "missing": (
        lambda changes, id: changes.missing(id, DUE),
        frozenset({RecordState.RUNNING, RecordState.GOOD, RecordState.FAILED}),
    ),
    "change expiries": (lambda changes, id: changes.change_expiries({id: DUE}), frozenset(RecordState)),
    "found again": (lambda changes, id: changes.found_again(id), frozenset(RecordState)),
    "removal refused": (lambda changes, id: changes.removal_refused(id, "in use"), frozenset()),
    "gone": (lambda changes, id: changes.gone(id), frozenset()),
}
"""Each change of a record, and the states from which it is possible at once."""


@pytest.fixture
def store(engine: Engine) -> VolumeStore:
    """What is in the database."""
    return VolumeStore(engine, REGION)


@pytest.fixture
def changes(engine: Engine) -> VolumeChanges:
    """What the only conductor writes."""
    return changes_of(engine)


def only(store: VolumeStore) -> BackupRecord:
    """The only record."""
    (record,) = store.records()
    return record


def test_every_field_of_a_record_comes_back(store: VolumeStore, changes: VolumeChanges) -> None:
    record = planned(
        project_name=ODD, server_name=ODD, volume_name=ODD, name=ODD, size=2**40, retention=2**40,
        type=BackupType.INCREMENTAL,
    )  # fmt: skip
    assert changes.plan(record)
    assert only(store) == record
    assert changes.creating(record.id, DUE)
    changes.running(record.id, "b")
    changes.good(record.id, DUE + DAY, "a", DUE + 15 * DAY)
    assert changes.ask_removal(record.id, DUE + 15 * DAY)
    changes.removal_refused(record.id, ODD)
    changes.missing(record.id, DUE + 16 * DAY)
    assert only(store) == replace(
        record, state=RecordState.GOOD, begun=DUE, backup_id="b", finished=DUE + DAY, parent_id="a",
        expires=DUE + 15 * DAY, removal_asked=DUE + 15 * DAY, refusals=1, last_refusal=ODD,
        missing_since=DUE + 16 * DAY, reported=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_possible_from_its_states_only(store: VolumeStore, changes: VolumeChanges, name: str) -> None:
    change, possible = CHANGES[name]
    for state in RecordState:
        record = planned(volume=state.value)
        run_to(changes, record, state, backup_id=state.value)
        before = [found for found in store.records() if found.id == record.id]
        if state in possible:
            change(changes, record.id)
            continue
        with pytest.raises(WrongState, match=f"^the record {record.id} of a backup is not there, or not in the state"):
            change(changes, record.id)
        assert [found for found in store.records() if found.id == record.id] == before


def test_there_is_one_record_of_a_volume_and_due_time(store: VolumeStore, changes: VolumeChanges) -> None:
    first = planned()
    run_to(changes, first, RecordState.GOOD)
    assert not changes.plan(planned())
    assert changes.plan(planned(due=DUE + DAY))
    assert changes.plan(planned(volume="w"))
    assert len(list(store.records())) == 3


def test_a_backup_is_recorded_once(changes: VolumeChanges) -> None:
    first, second = planned(), planned(volume="w")
    run_to(changes, first, RecordState.RUNNING, backup_id="b")
    run_to(changes, second, RecordState.CREATING)
    with pytest.raises(RecordedTwice, match=r"^another record is of the same backup"):
        changes.adopted(second.id, "b")
    changes.adopted(second.id, "c")


def test_there_is_one_open_record_of_a_volume(changes: VolumeChanges) -> None:
    first = planned()
    for step in (
        lambda: changes.plan(first),
        lambda: changes.creating(first.id, DUE),
        lambda: changes.running(first.id, "b"),
    ):
        step()
        assert not changes.plan(planned(due=DUE + DAY))
    changes.good(first.id, DUE, None, DUE + DAY)
    assert changes.plan(planned(due=DUE + DAY))


def test_of_many_conductors_one_plans_a_volume_that_changes_its_project(engine: Engine, store: VolumeStore) -> None:
    writers = [(changes_of(engine, f"project {number}"), f"project {number}") for number in range(6)]
    barrier = Barrier(len(writers))

    def plan(writer: tuple[VolumeChanges, str]) -> bool:
        barrier.wait()
        return writer[0].plan(planned(project_id=writer[1]))

    with ThreadPoolExecutor(len(writers)) as threads:
        assert sorted(threads.map(plan, writers)) == [False] * 5 + [True]
    assert len(list(store.records())) == 1


def test_a_plan_that_is_withdrawn_can_be_made_again(store: VolumeStore, changes: VolumeChanges) -> None:
    record = planned()
    changes.plan(record)
    changes.withdraw(record.id)
    assert list(store.records()) == []
    assert changes.plan(record)


def test_a_refused_request_is_repeated_as_a_full_backup(store: VolumeStore, changes: VolumeChanges) -> None:
    record = planned(type=BackupType.INCREMENTAL)
    changes.plan(record)
    changes.creating(record.id, DUE)
    changes.refused(record.id, BackupType.FULL)
    assert only(store) == replace(record, type=BackupType.FULL)
    assert changes.creating(record.id, DUE + DAY)


def test_a_lost_backup_that_is_found_late_goes_on_beside_the_next_one(
    store: VolumeStore, changes: VolumeChanges
) -> None:
    lost, following = planned(), planned(due=DUE + DAY)
    run_to(changes, lost, RecordState.LOST)
    run_to(changes, following, RecordState.RUNNING, backup_id="c")
    changes.adopted(lost.id, "b")
    assert [record.id for record in store.unfinished()] == [lost.id, following.id]
    with pytest.raises(WrongState):
        changes.adopted(lost.id, "d")
    changes.good(lost.id, DUE + 2 * DAY, None, DUE + 15 * DAY)
    assert [record.state for record in store.records()] == [RecordState.GOOD, RecordState.RUNNING]


def test_an_operator_who_holds_a_backup_is_respected(store: VolumeStore, changes: VolumeChanges) -> None:
    record = planned()
    run_to(changes, record, RecordState.GOOD)
    assert store.hold("b")
    assert not changes.ask_removal(record.id, DUE)
    assert only(store).removal_asked is None
    assert store.release("b")
    assert changes.ask_removal(record.id, DUE)
    assert not store.hold("b")


def test_a_record_goes_only_after_its_backup_was_missing(store: VolumeStore, changes: VolumeChanges) -> None:
    record = planned()
    run_to(changes, record, RecordState.GOOD)
    changes.missing(record.id, DUE)
    changes.found_again(record.id)
    with pytest.raises(WrongState):
        changes.gone(record.id)
    changes.missing(record.id, DUE)
    changes.missing(record.id, DUE + DAY)
    assert only(store).missing_since == DUE
    changes.gone(record.id)
    assert list(store.records()) == []
    with pytest.raises(WrongState):
        changes.found_again(record.id)
    assert not changes.plan(planned())


def test_no_more_backups_are_made_at_once_than_allowed(engine: Engine, store: VolumeStore) -> None:
    writers = [changes_of(engine, f"project {number}") for number in range(5)]
    records = [planned(volume=f"v{number}", project_id=f"project {number}") for number in range(5)]
    for changes, record in zip(writers, records, strict=True):
        changes.plan(record)
    barrier = Barrier(len(writers))

    def create(number: int) -> bool:
        barrier.wait()
        return writers[number].creating(records[number].id, DUE, at_most=2)

    with ThreadPoolExecutor(len(writers)) as threads:
        begun = list(threads.map(create, range(5)))
    assert sum(begun) == 2
    assert [record.state for record in store.unfinished()].count(RecordState.CREATING) == 2
    done, waiting = begun.index(True), begun.index(False)
    writers[done].failed(records[done].id, DUE, "over quota")
    assert writers[waiting].creating(records[waiting].id, DUE, at_most=2)
    other = changes_of(engine, region="Burgos")
    other.plan(planned(volume="elsewhere"))


def test_backups_of_another_project_or_region_are_out_of_reach(engine: Engine, changes: VolumeChanges) -> None:
    record = planned()
    changes.plan(record)
    with pytest.raises(WrongState):
        changes_of(engine, "another project").creating(record.id, DUE)
    with pytest.raises(WrongState):
        changes_of(engine, region="Burgos").creating(record.id, DUE)
    with pytest.raises(WrongState, match=f"is of project another, not {PROJECT}"):
        changes.plan(planned(project_id="another"))
    assert list(VolumeStore(engine, "Burgos").records()) == []


@pytest.mark.parametrize("name", [*CHANGES, "plan", "restore", "forget", "cycle ended", "use allowed deletions"])
def test_who_has_lost_the_lease_changes_nothing(engine: Engine, store: VolumeStore, name: str) -> None:
    others: dict[str, Change] = {
        "plan": lambda changes, id: changes.plan(planned(volume="w")),
        "restore": lambda changes, id: changes.restore(planned(volume="w", state=RecordState.GOOD)),
        "forget": lambda changes, id: changes.forget([id]),
        "cycle ended": lambda changes, id: changes.cycle_ended(ProjectState(PROJECT, "p", DUE, DUE, 0, "text")),
        "use allowed deletions": lambda changes, id: changes.use_allowed_deletions(),
    }
    change = others[name] if name in others else CHANGES[name][0]
    store.allow_deletions(PROJECT, "p", 7)
    stale = VolumeChanges(engine, taken(engine))
    for state in RecordState:
        run_to(stale, planned(volume=state.value), state, backup_id=state.value)
    before = list(store.records()), store.projects()
    lease = taken_over(engine)
    for record in before[0]:
        with pytest.raises(LeaseLost, match=f"^another process has taken over the volumes of project {PROJECT}"):
            change(stale, record.id)
    assert (list(store.records()), store.projects()) == before
    assert VolumeChanges(engine, lease).plan(planned(volume="another"))


def test_a_rebuilt_record_is_there_once_and_in_no_digest(store: VolumeStore, changes: VolumeChanges) -> None:
    began = store.now()
    found = planned(state=RecordState.GOOD, backup_id="b", begun=DUE, finished=DUE, expires=DUE + DAY, reported=True)
    assert changes.restore(found)
    assert only(store) == found
    assert not changes.restore(replace(found, id="00000000-0000-4000-8000-000000000000", due=DUE + DAY))
    assert store.outcomes(min(began, DUE + DAY)) == []


def test_a_database_that_is_away_is_reported_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("disk")
    engine = open_engine(f"sqlite:///{folder}/no/such.db")
    with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: .*; see database in \[main\]$"):
        VolumeStore(engine, REGION).unfinished()
    with pytest.raises(DatabaseUnavailable):
        taken(engine)
