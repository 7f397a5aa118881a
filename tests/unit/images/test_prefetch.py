"""A listing that was fetched ahead is used only while nothing can have changed since."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import RegionLocked, TimedOut
from fiwareglancesync.images.execution.sync_run import Run
from fiwareglancesync.images.model import Listing
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.images.prefetch import (
    FRESH_SECONDS,
    NOTHING_PREFETCHED,
    PREFETCHED_REGIONS,
    PrefetchedListing,
    RegionListings,
    prefetch,
)
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.locks.region_lock import lock
from tests.support.builders import MASTER, REGION, RegionSetup, image

BURGOS, SPAIN = RegionRef("master", REGION), RegionRef("master", MASTER)


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of another run is in the way."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions in the order in which they were listed."""
    names: list[str] = []
    listing = EmbeddedPlace.listing

    def counted(place: EmbeddedPlace) -> Listing:
        names.append(place.name)
        return listing(place)

    monkeypatch.setattr(EmbeddedPlace, "listing", counted)
    return names


class Setting:
    """A run over one region."""

    def __init__(self) -> None:
        self.setup = RegionSetup([], [image("a")])
        self.run = Run(self.setup.settings, self.setup.federation)
        self.place = self.run.place(BURGOS)


def test_a_listing_that_was_fetched_under_the_lock_is_used_while_nobody_else_has_it(listed: list[str]) -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=True)
    prefetched = listings.fetch_ahead(BURGOS)
    with listings.for_writing(setting.place, prefetched) as listing:
        assert [found.name for found in listing.images] == ["a"]
    assert listed == [REGION]


def test_a_region_that_another_run_has_locked_since_is_listed_again(listed: list[str]) -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=True)
    prefetched = listings.fetch_ahead(BURGOS)
    with lock(setting.place.identity.lock_keys, "another run"):
        pass
    with listings.for_writing(setting.place, prefetched):
        assert listed == [REGION] * 2


def test_a_region_that_this_run_has_written_to_is_listed_again(listed: list[str]) -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=True)
    prefetched = listings.fetch_ahead(BURGOS)
    for _ in range(2):
        with listings.for_writing(setting.place, prefetched):
            pass
    assert listed == [REGION] * 2


def test_an_old_listing_is_not_used_to_write(listed: list[str]) -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=True)
    fetched = listings.fetch_ahead(BURGOS)
    old = PrefetchedListing(fetched.listing, at=time.monotonic() - FRESH_SECONDS - 1)
    with listings.for_writing(setting.place, old):
        assert listed == [REGION] * 2


def test_to_read_a_listing_is_good_enough_whoever_writes(listed: list[str]) -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=False)
    with lock(setting.place.identity.lock_keys, "another run"):
        prefetched = listings.fetch_ahead(BURGOS)
        assert listings.for_reading(setting.place, prefetched) is prefetched.listing
    assert listed == [REGION]


def test_a_region_that_another_run_holds_has_to_wait_for_its_turn() -> None:
    setting = Setting()
    listings = RegionListings(setting.run, writes=True)
    assert listings.holder(setting.place) is None
    with lock(setting.place.identity.lock_keys, "another run"):
        assert listings.fetch_ahead(BURGOS) is NOTHING_PREFETCHED
        assert "another run holds the region" in (listings.holder(setting.place) or "")
        with pytest.raises(RegionLocked), listings.for_writing(setting.place, NOTHING_PREFETCHED):
            pass


def test_the_master_is_not_listed_ahead(listed: list[str]) -> None:
    assert RegionListings(Setting().run, writes=False).fetch_ahead(SPAIN) is NOTHING_PREFETCHED
    assert listed == []


def test_an_error_is_kept_and_an_unexpected_one_occurs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    error: Exception = TimedOut("30 s")

    def fail(place: EmbeddedPlace) -> Listing:
        raise error

    monkeypatch.setattr(EmbeddedPlace, "listing", fail)
    listings = RegionListings(Setting().run, writes=False)
    with pytest.raises(TimedOut):
        listings.fetch_ahead(BURGOS).check()
    error = RecursionError("too deep")
    assert listings.fetch_ahead(BURGOS) is NOTHING_PREFETCHED


def test_jobs_come_in_their_order_and_a_few_are_fetched_ahead() -> None:
    begun: list[int] = []
    all_begun = threading.Event()

    def fetch(job: int) -> int:
        begun.append(job)
        if len(begun) == PREFETCHED_REGIONS:
            all_begun.set()
        return job * 10

    jobs = list(range(20))
    fetched = prefetch(jobs, fetch)
    assert next(fetched) == (0, 0)
    assert all_begun.wait(60)
    assert sorted(begun) == jobs[:PREFETCHED_REGIONS]
    assert list(fetched) == [(job, job * 10) for job in jobs[1:]]


def test_a_single_job_needs_no_thread() -> None:
    assert list(prefetch(["a"], lambda job: threading.current_thread())) == [("a", threading.main_thread())]
