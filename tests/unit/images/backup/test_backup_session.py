"""Backups of several regions into one vault (vault 3)."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import RegionLocked, TimedOut, UnknownRegion, UsageError
from fiwareglancesync.events import BackupFinished, Event, MessageReported
from fiwareglancesync.images.backup import backup_session
from fiwareglancesync.images.backup.backup_outcome import BackupResult
from fiwareglancesync.images.backup.backup_run import BackupOptions
from fiwareglancesync.images.backup.backup_session import BackupSession, file_system_of
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.vault.vault_errors import OtherSource, VaultFailed
from fiwareglancesync.images.vault.vault_folder import Vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import Refuse, observed_disk
from tests.support.vaults import faults

REGIONS = ("Burgos", "Caceres", "Spain")


class Regions:
    """A federation of regions in memory."""

    def __init__(self) -> None:
        self.places = {name: DescribedPlace(name) for name in REGIONS}

    def regions(self, target: Target) -> Sequence[str]:
        return REGIONS

    def place(self, target: Target, region: str) -> Any:
        if region not in self.places:
            raise UnknownRegion(f"{region}: unknown region")
        return self.places[region]

    def forked(self) -> None:
        pass


@pytest.fixture
def federation() -> Regions:
    found = Regions()
    for number, place in enumerate(found.places.values()):
        place.add(1, b"the same")
        place.add(2 + number, b"of %d" % number)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    targets = {"master": Target("master", ignore_regions=("Caceres",))}
    return Settings("Spain", targets, max_children=2, images_dir=tmp_path / "images")


class Calls:
    """Calls of a session."""

    def __init__(self, settings: Settings, federation: Regions, vault: Vault, events: list[Event]) -> None:
        self.settings, self.federation, self.vault, self.events = settings, federation, vault, events

    def session(self, options: BackupOptions = BackupOptions(), **more: Any) -> BackupSession:  # noqa: B008
        return BackupSession(self.settings, self.federation, self.vault, options, self.events.append, **more)

    def run(self, *regions: str, parallel: bool = False, **more: Any) -> dict[str, BackupResult]:
        found: dict[str, BackupResult] = {}
        refs = [RegionRef.parse(word) for word in regions]
        self.session(**more).do_all(refs, lambda r: found.update({r.ref.full: r}), parallel=parallel)
        return found

    def errors(self) -> list[str]:
        return [event.message.text for event in self.events if isinstance(event, MessageReported)]


@pytest.fixture
def calls(settings: Settings, federation: Regions, vault: Vault, events: list[Event]) -> Calls:
    return Calls(settings, federation, vault, events)


def resolve(session: BackupSession, *words: str) -> list[str]:
    def fail(*unused: Any) -> None:
        raise AssertionError(unused)

    return [ref.full for ref in session.resolve(words, fail, fail, fail)]


@pytest.mark.parametrize("parallel", [False, True])
def test_each_region_has_its_shelf_and_content_is_shared(calls: Calls, parallel: bool) -> None:
    results = calls.run(*REGIONS, parallel=parallel)
    assert not any(result.outcome.failed for result in results.values())
    assert calls.vault.shelf_names() == sorted(REGIONS)
    assert len(list(calls.vault.paths.content.rglob("*/*"))) == 4
    assert faults(calls.vault) == []
    ends = [event for event in calls.events if isinstance(event, BackupFinished)]
    assert {(event.region, event.kept, event.complete) for event in ends} == {(name, 2, True) for name in REGIONS}


def test_all_regions_of_the_master_include_the_master_region(calls: Calls) -> None:
    assert resolve(calls.session(), "master:") == ["Spain", "Burgos"]
    assert resolve(calls.session(), "Caceres", "Spain") == ["Caceres", "Spain"]


def test_a_shelf_is_for_one_region(calls: Calls) -> None:
    with pytest.raises(UsageError, match="--shelf S goes with one region"):
        resolve(calls.session(shelf="S"), "Burgos", "Spain")
    assert calls.run("Burgos", shelf="S")["Burgos"].outcome.shelf == "S"
    assert calls.vault.shelf_names() == ["S"]


def test_a_region_without_bytes_is_refused_before_anything_is_written(calls: Calls) -> None:
    place = calls.federation.places["Burgos"]
    calls.federation.places["Burgos"] = type("Embedded", (), {"name": place.name})()
    with pytest.raises(UsageError, match="Burgos is a region of an embedded federation") as refused:
        calls.session().check([RegionRef("master", "Spain"), RegionRef("master", "Burgos")])
    assert refused.value.exit_code == 2


def test_another_source_is_refused_before_anything_is_written(calls: Calls) -> None:
    calls.run("Burgos")
    place = calls.federation.places["Burgos"]
    place.identity = replace(place.identity, address="http://new")
    with pytest.raises(OtherSource, match=r"Glance http://burgos.example.org:9292 \(now http://new\)"):
        calls.session().check([RegionRef("master", "Burgos")])
    calls.session(BackupOptions(rebind=True)).check([RegionRef("master", "Burgos")])


def test_a_region_that_fails_leaves_the_others_alone(calls: Calls) -> None:
    def fail() -> Any:
        raise TimedOut("too long")

    calls.federation.places["Burgos"].described_images = fail  # type: ignore[method-assign]
    results = calls.run("Burgos", "Spain")
    assert [results[name].outcome.failed for name in ("Burgos", "Spain")] == [True, False]
    assert calls.errors() == ["Burgos: Timeout while retrieving image list."]
    assert calls.vault.shelf_names() == ["Spain"]


def test_a_vault_that_fails_ends_all_regions(calls: Calls) -> None:
    with observed_disk(Refuse(errno.EROFS, at=5)):
        results = calls.run("Burgos", "Spain")
    assert [result.outcome.failed for result in results.values()] == [True, True]
    assert calls.federation.places["Spain"].downloads == []
    (error,) = calls.errors()
    assert error.startswith("Burgos: ")
    assert error.endswith("Read-only file system; the backup ends here")
    assert str(results["Spain"].outcome.error).startswith("not attempted: ")


def test_a_vault_that_fails_in_one_process_ends_the_regions_that_have_not_begun(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> Any:
        raise VaultFailed("the disk is gone")

    monkeypatch.setattr(backup_session, "back_up", fail)
    calls.settings = replace(calls.settings, max_children=1)
    results = calls.run(*REGIONS, parallel=True)
    assert [results[name].outcome.failed for name in REGIONS] == [True, True, True]
    assert calls.errors() == ["Burgos: the disk is gone; the backup ends here"]


def test_a_region_that_has_lost_all_images_is_reported(calls: Calls) -> None:
    calls.run("Burgos")
    calls.federation.places["Burgos"] = DescribedPlace("Burgos")
    assert not calls.run("Burgos")["Burgos"].outcome.failed
    assert calls.errors() == ["Burgos: the region has no image of the project; the run before this one has 2"]


def test_a_run_of_the_future_is_reported(calls: Calls) -> None:
    calls.run("Burgos")
    shelf = calls.vault.shelf("Burgos")
    made = shelf.run(shelf.run_times()[0])
    future = replace(made, listed=made.listed.replace(year=made.listed.year + 100))
    shelf.paths.run(future.listed).write_bytes(future.as_document())
    assert not calls.run("Burgos")["Burgos"].outcome.failed
    (text,) = calls.errors()
    assert text.startswith(f"Burgos: {shelf.paths.run(future.listed)} is a run of the future, which restores take")


def test_an_unexpected_error_fails_one_region(calls: Calls) -> None:
    def fail() -> Any:
        raise RuntimeError("odd")

    calls.federation.places["Burgos"].described_images = fail  # type: ignore[method-assign]
    results = calls.run("Burgos", "Spain")
    assert (results["Burgos"].outcome.failed, results["Spain"].outcome.failed) == (True, False)
    assert calls.errors() == ["Burgos: internal error: RuntimeError: odd"]


def test_a_shelf_that_another_run_writes_to_is_not_touched(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*arguments: Any, **options: Any) -> Any:
        raise RegionLocked.by("process 1 at here since now")

    monkeypatch.setattr(backup_session, "shelf_lock", held)
    assert calls.run("Burgos")["Burgos"].outcome.failed
    assert "another run holds the region: process 1 at here" in calls.errors()[0]
    assert calls.vault.shelf_names() == []


def test_a_dry_run_writes_nothing(calls: Calls) -> None:
    before = sorted(calls.vault.folder.rglob("*"))
    outcome = calls.run("Burgos", dry=True)["Burgos"].outcome
    assert (outcome.to_fetch, outcome.fetched_bytes, outcome.failed) == (2, 12, False)
    assert sorted(calls.vault.folder.rglob("*")) == before
    assert calls.session(dry=True).prepare() == []


@pytest.mark.parametrize("parallel", [False, True])
def test_a_dry_run_counts_content_of_several_images_and_regions_once(calls: Calls, parallel: bool) -> None:
    calls.federation.places["Burgos"].add(9, b"the same", name="again")
    results = calls.run(*REGIONS, parallel=parallel, dry=True)
    outcomes = [results[name].outcome for name in REGIONS]
    assert sum(outcome.to_fetch for outcome in outcomes) == 4
    assert sum(outcome.to_record for outcome in outcomes) == 3
    assert sum(outcome.fetched_bytes for outcome in outcomes) == len("the same") + 3 * len("of 0")
    assert calls.vault.shelf_names() == []


def test_without_trust_in_hashes_each_image_is_fetched(calls: Calls) -> None:
    results = calls.run(*REGIONS, dry=True, options=BackupOptions(trust_hashes=False))
    assert [results[name].outcome.to_fetch for name in REGIONS] == [2, 2, 2]


def test_a_vault_beside_the_images_is_a_warning(calls: Calls) -> None:
    assert calls.session().prepare() == []
    calls.settings.images_dir.mkdir()
    (message,) = calls.session().prepare()
    assert "are on one device" in message.text


@pytest.mark.parametrize(("database", "count"), [("", 1), ("sqlite:///x", 0)])
def test_a_network_file_system_is_a_warning_without_a_database(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, database: str, count: int
) -> None:
    monkeypatch.setattr(backup_session, "file_system_of", lambda path: "nfs4")
    calls.settings = replace(calls.settings, database=database)
    messages = calls.session().prepare()
    assert len(messages) == count
    assert all("is on nfs4, where locks may not hold between machines" in message.text for message in messages)


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount() -> None:
    assert file_system_of("/proc/self") == "proc"
    assert file_system_of("/") != ""
