"""One mode for one region."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    GlanceSyncError,
    LocksUnavailable,
    NotWritten,
    RegionLocked,
    Scope,
    TimedOut,
    Unauthorized,
    UnknownRegion,
)
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Event, Pending, RegionFinished
from fiwareglancesync.images.execution.sync_run import Run
from fiwareglancesync.images.model import JOURNAL, MAX_NAME
from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.embedded.backup_files import backup_files, read_backup
from fiwareglancesync.images.planning import Choice
from fiwareglancesync.images.prefetch import FRESH_SECONDS, PrefetchedListing
from fiwareglancesync.images.region_job import Mode, RegionJob, RegionResult, region_error
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.settings import Target
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.locks.region_lock import lock
from tests.support.builders import MASTER, REGION, RegionSetup, carrying, image, master_image
from tests.support.events import of_type, texts, with_message
from tests.support.watched import WatchedPlace

BURGOS = RegionRef("master", REGION)


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of another run is in the way."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def busy_world() -> RegionSetup:
    """One of each kind that a run would change."""
    return RegionSetup(
        [
            master_image("metadata", properties={"nid": "1"}),
            master_image("upload", size=5),
            master_image("replace"),
            master_image("rename"),
            master_image("conflict"),
            master_image("ami", properties={"kernel_id": "m-upload"}),
            master_image("gone_obsolete", "G"),
        ],
        [
            image("metadata"),
            image("replace", "X"),
            image("rename", "Y"),
            image("conflict", "Z"),
            image("ami"),
            image("gone", "G"),
            carrying(image("left", id="left")),
        ],
        replace=["X"],
        rename=["Y"],
    )


def do(
    setup: RegionSetup, mode: Mode, ref: RegionRef = BURGOS, *chosen: str, **more: Any
) -> tuple[RegionResult, list[Event]]:
    """Do the job; its result and its events."""
    events: list[Event] = []
    run = Run(setup.settings, setup.federation, Choice(chosen))
    return RegionJob(run, mode, **more)(ref, events.append), events


def pending(events: Sequence[Event]) -> list[tuple[Action, str]]:
    return [(event.action, event.image) for event in of_type(Pending, events)]


def ending(events: Sequence[Event]) -> RegionFinished:
    """The last event, which sums the region up."""
    last = events[-1]
    assert isinstance(last, RegionFinished)
    return last


def reported(events: Sequence[Event]) -> list[str]:
    return texts(events)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.STATUS, Mode.BACKUP])
def test_no_mode_but_the_run_writes(mode: Mode, tmp_path: Path) -> None:
    setup = busy_world()
    before = setup.images
    do(setup, mode, backup_folder=tmp_path / "backup")
    assert setup.images == before


def test_a_dry_run_reports_all_that_a_run_would_do_in_its_order() -> None:
    setup = busy_world()
    _, events = do(setup, Mode.DRY_RUN)
    assert pending(events) == [
        (Action.TIDY, "left"),
        (Action.OBSOLETE, "gone_obsolete"),
        (Action.METADATA, "metadata"),
        (Action.UPLOAD, "upload"),
        (Action.RENAME, "rename"),
        (Action.REPLACE, "replace"),
        (Action.RELINK, "ami"),
    ]
    setup.sync()
    done = [(Action(action), name) for action, name in setup.did() if action != "settle"]
    assert done == pending(events)


@pytest.mark.parametrize(
    ("ways", "way", "notes"),
    [
        ([("file", "it is not there"), ("spool", None), ("stream", None)], "spool", ("file: it is not there",)),
        ([("file", "it is not there")], None, ("file: it is not there",)),
    ],
)
def test_a_dry_run_reports_how_bytes_would_move_and_why_so(
    monkeypatch: pytest.MonkeyPatch, ways: list[tuple[str, str | None]], way: str | None, notes: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Mover, "ways", lambda mover, image, place: iter(ways))
    _, events = do(RegionSetup([master_image("a")]), Mode.DRY_RUN)
    assert [(event.way, event.notes) for event in of_type(Pending, events)] == [(way, notes)]


def failures(events: Sequence[Event]) -> list[tuple[str, Action | None, str | None, str]]:
    """What was reported as an error, in its order."""
    return [(e.kind, getattr(e, "action", None), e.image, e.message.text) for e in with_message(events)]


@pytest.mark.parametrize("limit", [0, 1])
def test_what_a_run_could_not_do_is_an_error_in_a_dry_run_too_and_not_pending(limit: int) -> None:
    long = "n" * (MAX_NAME - 3)
    masters = [
        master_image(long),
        master_image("b"),
        master_image("ami", properties={"kernel_id": f"m-{long}"}),
        master_image("there", properties={"kernel_id": f"m-{long}"}),
        master_image("c", size=7),
    ]
    images = [image(long, "X"), image("b", "Y"), image("there", properties={"kernel_id": f"r-{long}"})]
    setup = RegionSetup(masters, images, replace=["any"], max_replacements=limit)
    tried, events = do(setup, Mode.DRY_RUN)
    possible = [(Action.UPLOAD, "c")] if limit else [(Action.UPLOAD, "c"), (Action.REPLACE, "b")]
    assert (pending(events), ending(events).size) == (possible, 7 if limit else 7 + MIB)
    done, happened = do(setup, Mode.SYNC)
    assert failures(events) == failures(happened)
    assert len(failures(events)) == 3
    assert tried.outcome.failures == done.outcome.failures == (4 if limit else 3)


def test_the_last_event_sums_up() -> None:
    result, events = do(busy_world(), Mode.DRY_RUN)
    last = ending(events)
    assert (last.kind, last.size, last.undecided, last.in_step, last.dry) == (
        "region-finished",
        5 + 2 * 2**20,
        1,
        False,
        True,
    )
    assert not result.outcome.failed


def test_the_status_has_a_row_for_each_image_that_is_to_be_synchronised() -> None:
    rows = do(busy_world(), Mode.STATUS, ways=True)[0].rows
    assert [(str(row.status), row.region, row.image) for row in rows] == [
        ("pending_upload", REGION, "upload"),
        ("pending_ami", REGION, "ami"),
        ("error_checksum", REGION, "conflict"),
        ("pending_metadata", REGION, "metadata"),
        ("pending_rename", REGION, "rename"),
        ("pending_replace", REGION, "replace"),
    ]
    by_name = {row.image: row for row in rows}
    assert (by_name["upload"].uuid, by_name["upload"].way, by_name["upload"].size) == (None, "embedded", 5)
    assert (by_name["metadata"].uuid, by_name["metadata"].way) == ("r-metadata", None)
    assert "To decide" in (by_name["conflict"].message or "")


def test_how_bytes_would_move_is_reported_only_if_asked_for() -> None:
    assert {row.way for row in do(busy_world(), Mode.STATUS)[0].rows} == {None}


def test_only_chosen_images_are_shown() -> None:
    assert [row.image for row in do(busy_world(), Mode.STATUS, BURGOS, "re*")[0].rows] == ["rename", "replace"]


def test_a_backup_has_every_image_but_unfinished_ones_and_no_journal(tmp_path: Path) -> None:
    published = carrying(image("b"), step="published")
    setup = RegionSetup([], [image("a", visibility="private"), carrying(image("new")), published])
    do(setup, Mode.BACKUP, backup_folder=tmp_path)
    kept = list(read_backup(backup_files(tmp_path)[REGION], REGION))
    assert [(found.name, JOURNAL in found.user_properties) for found in kept] == [("a", False), ("b", False)]


@pytest.mark.parametrize("mode", [Mode.SYNC, Mode.DRY_RUN, Mode.STATUS])
def test_the_master_compared_with_itself_is_in_order(mode: Mode) -> None:
    setup = busy_world()
    before = setup.federation.images(MASTER)
    result, events = do(setup, mode, RegionRef("master", MASTER))
    assert set(result.outcome.statuses) == {
        (name, status) for name, status in result.outcome.statuses if status == "ok"
    }
    assert ending(events).in_step
    assert reported(events) == [f"{MASTER}: This is the master region; nothing is written to it."]
    assert setup.federation.images(MASTER) == before


class Renamed:
    """A federation whose region ``other:Burgos`` is another one under a further name.

    :param region: the region of ``master`` that it is
    :param address: what both are reached by; "" when they have one Keystone and region id
    """

    def __init__(self, setup: RegionSetup, region: str, address: str = "") -> None:
        self._setup = setup
        self._region = region
        self._address = address

    def regions(self, target: Target) -> Sequence[str]:
        return [REGION] if target.name == "other" else self._setup.federation.regions(target)

    def place(self, target: Target, region: str) -> Place:
        is_other = target.name == "other"
        plain = self._setup.federation.place(replace(target, name="master"), self._region if is_other else region)
        found = WatchedPlace(plain)
        if plain.name == self._region:
            found.identity = replace(plain.identity, address=self._address)
        if is_other:
            found.name = f"other:{region}"
        if is_other and self._address:
            found.identity = replace(found.identity, keystone="https://another.example.org")
        return found

    def forked(self) -> None:
        """Nothing to do."""


OTHER_NAME = RegionRef("other", REGION)


def renamed(setup: RegionSetup, region: str, address: str = "", **rules: Any) -> Run:
    """A run over a federation with two names for one region."""
    targets = {"master": setup.target, "other": replace(setup.target, name="other", **rules)}
    return Run(replace(setup.settings, targets=targets), Renamed(setup, region, address))


@pytest.mark.parametrize("mode", [Mode.SYNC, Mode.DRY_RUN, Mode.STATUS])
@pytest.mark.parametrize("address", ["", "https://glance.example.org"])
@pytest.mark.parametrize("project", ["", "another"])
def test_the_master_is_compared_with_itself_under_another_name_and_for_another_project(
    mode: Mode, address: str, project: str
) -> None:
    setup = busy_world()
    before = setup.federation.images(MASTER)
    events: list[Event] = []
    result = RegionJob(renamed(setup, MASTER, address, tenant_id=project), mode)(OTHER_NAME, events.append)
    assert {status for _, status in result.outcome.statuses} == {"ok"}
    assert {row.status for row in result.rows} == ({"ok"} if mode is Mode.STATUS else set())
    assert ending(events).in_step
    assert setup.federation.images(MASTER) == before
    warning = f"other:{REGION}: taken for the master region {MASTER}, as both have the address {address}; "
    *others, last = reported(events)
    assert last == f"other:{REGION}: This is the master region {MASTER}; nothing is written to it."
    assert [text.startswith(warning) for text in others] == ([True] if address else [])


def test_a_listing_from_before_another_target_wrote_to_the_region_is_not_used() -> None:
    setup = RegionSetup([master_image("a")])
    run = renamed(setup, REGION, "https://glance.example.org", tenant_id="another", only_tenant_images=False)
    job = RegionJob(run, Mode.SYNC)
    # Both are listed before the first one's turn; the project has no bearing on what others show to all.
    ahead = {ref: job.fetch_ahead(ref) for ref in (BURGOS, OTHER_NAME)}
    for ref, prefetched in ahead.items():
        assert prefetched.listing is not None
        job(ref, lambda event: None, prefetched)
    assert setup.names() == ["a"]


def test_an_unknown_region_and_an_unknown_target_fail_with_one_line() -> None:
    result, events = do(busy_world(), Mode.STATUS, RegionRef("master", "Nowhere"))
    assert reported(events) == ["Nowhere: unknown region; the regions of target master are: Burgos, Spain"]
    assert (result.outcome.failed, ending(events).error) == (True, True)
    _, events = do(busy_world(), Mode.SYNC, RegionRef("other", "Madrid"))
    assert reported(events) == ["other:Madrid: unknown target other; the configuration has: master"]


def test_a_region_that_another_run_holds_is_skipped_and_fails() -> None:
    setup = busy_world()
    before = setup.images
    with lock(setup.place.identity.lock_keys, "another run"):
        result, events = do(setup, Mode.SYNC)
        assert result.outcome.failed
        assert [text.partition(":")[0] for text in reported(events)] == [REGION]
        assert "another run holds the region" in reported(events)[0]
        assert do(setup, Mode.DRY_RUN)[0].outcome.error is None
    assert setup.images == before


def test_a_dry_run_does_not_call_what_another_run_is_making_a_leftover() -> None:
    setup = RegionSetup([master_image("a")], [carrying(image("a", id="made", visibility="private", status="saving"))])
    with lock(setup.place.identity.lock_keys, "another"):
        _, events = do(setup, Mode.DRY_RUN)
    assert pending(events) == [(Action.UPLOAD, "a")]
    (text,) = reported(events)
    assert "Burgos: another run holds the region: process" in text
    assert "--wait" not in text
    assert text.endswith(". Its unfinished images are not shown.")
    assert pending(do(setup, Mode.DRY_RUN)[1]) == [(Action.TIDY, "a"), (Action.UPLOAD, "a")]


def test_a_listing_from_before_this_run_wrote_to_the_region_is_not_used() -> None:
    setup = busy_world()
    job = RegionJob(Run(setup.settings, setup.federation), Mode.SYNC)
    # As when two targets share a Glance and a project: both are listed before the first one's turn.
    ahead = [job.fetch_ahead(BURGOS), job.fetch_ahead(BURGOS)]
    for prefetched in ahead:
        assert prefetched.listing is not None
        job(BURGOS, lambda event: None, prefetched)
    assert setup.names() == sorted(set(setup.names()))


class Failing:
    """A federation whose regions cannot be listed."""

    def __init__(self, setup: RegionSetup, error: CloudError) -> None:
        self._setup = setup
        self._error = error

    def regions(self, target: Target) -> Sequence[str]:
        return self._setup.federation.regions(target)

    def place(self, target: Target, region: str) -> Place:
        place = self._setup.federation.place(target, region)
        if region != MASTER:
            place.listing = self._fail  # type: ignore[method-assign]
        return place

    def forked(self) -> None:
        """Nothing to do."""

    def _fail(self) -> Any:
        raise self._error


@pytest.mark.parametrize("mode", [Mode.SYNC, Mode.DRY_RUN, Mode.STATUS, Mode.BACKUP])
def test_a_region_that_cannot_be_listed_fails_and_has_no_file(mode: Mode, tmp_path: Path) -> None:
    setup = busy_world()
    events: list[Event] = []
    run = Run(setup.settings, Failing(setup, Unauthorized("wrong password", status=401)))
    result = RegionJob(run, mode, backup_folder=tmp_path / "backup")(BURGOS, events.append)
    assert reported(events) == ["Burgos: Error retrieving image list. Cause: wrong password"]
    assert all(event.message.level == logging.ERROR for event in with_message(events))
    assert result.outcome.failed
    assert not (tmp_path / "backup").exists()


def test_a_failure_to_list_that_is_long_ago_is_not_used() -> None:
    setup = busy_world()
    job = RegionJob(Run(setup.settings, setup.federation), Mode.SYNC)
    error = CloudError("it is down")
    events: list[Event] = []
    assert job(BURGOS, events.append, PrefetchedListing(error=error)).cause is error
    long_ago = time.monotonic() - FRESH_SECONDS - 1
    assert not job(BURGOS, events.append, PrefetchedListing(error=error, at=long_ago)).outcome.failed


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (lambda: TimedOut("30 s"), "R: Timeout while retrieving image list."),
        (lambda: CloudError("it is down"), "R: Error retrieving image list. Cause: it is down"),
        (lambda: RegionLocked("another run holds it"), "R: another run holds it"),
        (lambda: UnknownRegion("R: unknown region"), "R: unknown region"),
        (lambda: OSError("disk full"), "R: disk full"),
        (lambda: OSError(28, "disk full", "file"), "R: file: disk full"),
        (lambda: NotWritten("file cannot be written"), "R: file cannot be written"),
        (lambda: LocksUnavailable("no database"), "R: no database"),
        (lambda: TimedOut("sign-in", scope=Scope.TARGET), "R: Error retrieving image list. Cause: sign-in"),
    ],
)
def test_why_a_region_cannot_be_worked_on(error: Callable[[], GlanceSyncError | OSError], text: str) -> None:
    assert region_error("R", error()) == text
