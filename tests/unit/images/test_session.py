"""One call for several regions: none stops another, and results come in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.events import Event, MessageReported, RegionFinished
from fiwareglancesync.images.places.embedded.backup_files import backup_files
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.images.region_job import Mode
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.session import Session
from tests.support.builders import MASTER, REGION, RegionSetup, master_image
from tests.support.events import of_type, texts

REFS = [RegionRef("master", name) for name in ("Avila", REGION, "Zamora")]


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of another run is in the way."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def setup() -> RegionSetup:
    """Three regions that want one image."""
    found = RegionSetup([master_image("a")])
    for ref in (REFS[0], REFS[2]):
        found.federation.add_region(ref.region, [])
    return found


def break_listing(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """Have the listing of a region fail by an unexpected error."""
    listing = EmbeddedPlace.listing

    def fail(place: EmbeddedPlace) -> Any:
        if place.name == region:
            raise RecursionError("too deep")
        return listing(place)

    monkeypatch.setattr(EmbeddedPlace, "listing", fail)


@pytest.mark.parametrize("parallel", [False, True])
def test_whatever_happens_to_a_region_the_others_go_on(
    setup: RegionSetup, monkeypatch: pytest.MonkeyPatch, parallel: bool
) -> None:
    break_listing(monkeypatch, REGION)
    events: list[Event] = []
    finished: list[str] = []
    ordered: list[tuple[str, bool]] = []
    with Session(setup.settings, setup.federation, Mode.DRY_RUN, emit=events.append) as session:
        session.prepare(REFS)
        session.do_all(
            REFS,
            parallel=parallel,
            finished=lambda result: finished.append(result.ref.region),
            in_order=lambda result: ordered.append((result.ref.region, result.outcome.failed)),
        )
    assert sorted(finished) == ["Avila", REGION, "Zamora"]
    assert ordered == [("Avila", False), (REGION, True), ("Zamora", False)]
    (crash,) = texts(events)
    assert crash.startswith(f"{REGION}: ")
    assert crash.endswith("RecursionError: too deep")
    assert {event.region for event in of_type(RegionFinished, events)} == {"Avila", "Zamora"}


def test_a_region_done_alone_raises_an_unexpected_error(setup: RegionSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    break_listing(monkeypatch, REGION)
    with Session(setup.settings, setup.federation, Mode.DRY_RUN) as session:
        session.prepare(REFS)
        with pytest.raises(RecursionError):
            session.do(REFS[1])


def test_results_wait_for_those_before_them(setup: RegionSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(setup.settings, setup.federation, Mode.STATUS)
    session.prepare(REFS)
    results = {ref: session.do(ref) for ref in REFS}
    monkeypatch.setattr(session, "_in_turn", lambda refs: (results[ref] for ref in (REFS[1], REFS[2], REFS[0])))
    calls: list[str] = []
    session.do_all(
        REFS,
        finished=lambda result: calls.append(f"finished {result.ref.region}"),
        in_order=lambda result: calls.append(result.ref.region),
    )
    assert calls == [f"finished {REGION}", "finished Zamora", "finished Avila", "Avila", REGION, "Zamora"]


def test_a_backup_always_holds_the_master_too_and_asks_for_no_selection(setup: RegionSetup, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    with Session(setup.settings, setup.federation, Mode.BACKUP, backup_folder=folder) as session:
        refs = session.resolve([REGION])
        assert [ref.region for ref in refs] == [REGION, MASTER]
        assert session.prepare(refs) == []
        session.do_all(refs)
    assert set(backup_files(folder)) == {REGION, MASTER}


def test_only_a_backup_has_a_folder(setup: RegionSetup, tmp_path: Path) -> None:
    assert Session(setup.settings, setup.federation, Mode.SYNC, backup_folder=tmp_path).backup_folder is None


def test_events_are_taken_one_at_a_time_by_a_listener_that_may_emit(setup: RegionSetup) -> None:
    events: list[Event] = []
    session = Session(setup.settings, setup.federation, Mode.STATUS, emit=events.append)
    session.emit(RegionFinished("R"))
    assert events == [RegionFinished("R")]
    assert not of_type(MessageReported, events)
