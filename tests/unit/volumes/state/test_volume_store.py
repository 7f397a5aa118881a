"""What the database knows about backups, and what an operator decides without a lease."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from sqlalchemy import Engine, insert

from fiwareglancesync.base.database import key_of, open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.state.volume_rows import ProjectState, values_of
from fiwareglancesync.volumes.state.volume_store import OtherAccount, VolumeStore, is_recorded
from fiwareglancesync.volumes.state.volume_tables import backups
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState
from tests.support.volume_records import DAY, DUE, ODD, PROJECT, REGION, changes_of, planned, run_to

OTHER = "22222222222222222222222222222222"


@pytest.fixture
def store(engine: Engine) -> VolumeStore:
    """What is in the database."""
    return VolumeStore(engine, REGION)


@pytest.fixture
def changes(engine: Engine) -> VolumeChanges:
    """What the only conductor writes."""
    return changes_of(engine)


def ids(records: list[BackupRecord]) -> list[str]:
    """The volumes of records."""
    return [record.volume_id for record in records]


def test_records_are_those_of_a_project_by_volume_and_due_time(engine: Engine, store: VolumeStore) -> None:
    ours, theirs = changes_of(engine), changes_of(engine, OTHER)
    for volume, due in (("w", DUE), ("v", DUE + DAY), ("v", DUE)):
        run_to(ours, planned(volume, due), RecordState.GOOD, backup_id=f"{volume} {due}")
    theirs.plan(planned("a", project_id=OTHER))
    assert [(record.volume_id, record.due) for record in store.records(PROJECT)] == [
        ("v", DUE), ("v", DUE + DAY), ("w", DUE),
    ]  # fmt: skip
    assert ids(list(store.records())) == ["a", "v", "v", "w"]


def test_what_is_unfinished_comes_the_longest_waiting_first(store: VolumeStore, changes: VolumeChanges) -> None:
    for number, state in enumerate(RecordState):
        run_to(changes, planned(state.value, DUE - number * DAY), state, backup_id=state.value)
    assert ids(store.unfinished()) == ["running", "creating", "planned"]
    assert ids(store.unfinished(OTHER)) == []
    found = {record.volume_id: record.is_unfinished for record in store.records()}
    assert {volume for volume, unfinished in found.items() if unfinished} == set(ids(store.unfinished()))


def test_a_backup_is_found_by_its_id_in_any_region(engine: Engine) -> None:
    assert not is_recorded(engine, "b")
    run_to(changes_of(engine), planned(), RecordState.GOOD, backup_id="b")
    run_to(changes_of(engine, region="Burgos"), planned("w"), RecordState.GOOD, backup_id="c")
    assert [is_recorded(engine, backup_id) for backup_id in ("b", "c", "d", "", ODD.replace("\ud800 \x00", ""))] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_outcomes_are_those_of_a_time_by_the_databases_clock(store: VolumeStore, changes: VolumeChanges) -> None:
    begun = store.now()
    for state in RecordState:
        run_to(changes, planned(state.value), state, backup_id=state.value)
    between = store.now()
    assert ids(store.outcomes(begun)) == ["failed", "good", "lost"]
    assert ids(store.outcomes(begun, between)) == ["failed", "good", "lost"]
    assert store.outcomes(between) == []
    (good,) = [record for record in store.records() if record.state is RecordState.GOOD]
    changes.missing(good.id, DUE)
    changes.gone(good.id)
    (gone,) = store.outcomes(between)
    assert gone.id == good.id
    assert gone.removed is not None
    assert between <= gone.removed <= store.now()
    assert store.drop_gone(3600) == 0
    assert store.drop_gone(-1) == 1
    assert ids(store.outcomes(begun)) == ["failed", "lost"]


def test_a_removal_that_is_stuck_is_tried_again_when_an_operator_says_so(
    store: VolumeStore, changes: VolumeChanges
) -> None:
    record = planned()
    run_to(changes, record, RecordState.GOOD, backup_id="b")
    assert not store.retry("b")
    for _ in range(5):
        assert changes.ask_removal(record.id, DUE)
        changes.removal_refused(record.id, ODD)
    (found,) = store.records()
    assert (found.refusals, found.last_refusal) == (5, ODD)
    assert store.retry("b")
    (found,) = store.records()
    assert (found.refusals, found.last_refusal) == (0, "")


def test_what_is_not_there_cannot_be_held(store: VolumeStore) -> None:
    assert not store.hold("b")
    assert not store.release("b")
    assert not store.retry("b")


def test_a_project_keeps_what_its_last_cycle_found(store: VolumeStore, changes: VolumeChanges) -> None:
    assert store.projects() == {}
    state = ProjectState(PROJECT, ODD, DUE, DUE + DAY, 0, ODD * 10_000)
    changes.cycle_ended(state)
    assert store.projects() == {PROJECT: state}
    again = replace(state, last_cycle=DUE + 2 * DAY, summary="{}")
    changes.cycle_ended(again)
    assert store.projects() == {PROJECT: again}


def test_an_operator_allows_deletions_once(store: VolumeStore, changes: VolumeChanges) -> None:
    store.allow_deletions(PROJECT, "p", 70)
    store.allow_deletions(PROJECT, "p", 80)
    assert store.projects()[PROJECT] == ProjectState(PROJECT, "p", allowed_deletions=80)
    changes.cycle_ended(ProjectState(PROJECT, "p", DUE, DUE))
    assert store.projects()[PROJECT].allowed_deletions == 80
    changes.use_allowed_deletions()
    assert store.projects()[PROJECT].allowed_deletions == 0


def test_the_backups_of_a_region_are_those_of_one_account(engine: Engine, store: VolumeStore) -> None:
    run_to(changes_of(engine), planned(), RecordState.PLANNED)
    for _ in range(2):
        store.claim("svc")
    with pytest.raises(OtherAccount, match=r"^the database holds the backups that user svc made in region Spain, and"):
        store.claim("another")
    VolumeStore(engine, "Burgos").claim("another")
    store.claim("svc")


def test_texts_that_records_share_are_kept_once(engine: Engine, store: VolumeStore) -> None:
    rows = [
        values_of(planned(f"v{number // 10}", DUE + number * DAY, server_name="x" * 10_000))
        | {"region_key": key_of(REGION)}
        for number in range(1000)
    ]
    with engine.begin() as connection:
        connection.execute(insert(backups), rows)
    tracemalloc.start()
    try:
        found = list(store.records())
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(found) == 1000
    assert size < 5e6


def test_a_database_without_tables_is_reported_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('empty')}/new.db")
    with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: no such table: volume_backups; see"):
        is_recorded(engine, "b")
