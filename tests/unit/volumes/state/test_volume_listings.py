"""Listings that one conductor makes for all."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from fiwareglancesync.base.errors import LeaseLost
from fiwareglancesync.locks.lease import leases
from fiwareglancesync.locks.lease_group import HeldLease
from fiwareglancesync.volumes.state import volume_listings
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_listings import ListingStore, StoredListing
from fiwareglancesync.volumes.state.volume_tables import listing_parts
from tests.support.volume_records import NEVER, REGION, taken

SECOND = timedelta(seconds=1)


@pytest.fixture
def store(engine: Engine) -> ListingStore:
    """The listings of a region."""
    return ListingStore(engine, REGION)


@pytest.fixture
def lease(engine: Engine) -> HeldLease:
    """The right to list it."""
    found = ProjectLeases(engine, REGION, "ours", NEVER).take_listing()
    assert found is not None
    return found


def test_one_conductor_lists(engine: Engine, lease: HeldLease) -> None:
    assert ProjectLeases(engine, REGION, "theirs", NEVER).take_listing() is None
    assert ProjectLeases(engine, "Burgos", "theirs", NEVER).take_listing() is not None
    assert ProjectLeases(engine, REGION, "theirs", NEVER).take_digest() is not None


def test_a_large_listing_comes_back(
    engine: Engine, store: ListingStore, lease: HeldLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_listings, "PART_BYTES", 2**16)
    began = store.now()
    for kind, content in (("volumes", os.urandom(2**20)), ("backups", b""), ("servers", b"{}")):
        store.save(lease, kind, began, content, whole=bool(content))
        assert store.newest(kind, began - SECOND) == StoredListing(began, bool(content), content)


def test_the_newest_one_replaces_the_one_before(engine: Engine, store: ListingStore, lease: HeldLease) -> None:
    began = store.now() - SECOND
    store.save(lease, "volumes", began, os.urandom(2**20), whole=True)
    store.save(lease, "volumes", began + SECOND, b"newer", whole=False)
    assert store.newest("volumes", began) == StoredListing(began + SECOND, False, b"newer")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(listing_parts)).scalar() == 1


def test_a_listing_that_began_before_a_lease_was_taken_is_not_used(
    engine: Engine, store: ListingStore, lease: HeldLease
) -> None:
    store.save(lease, "volumes", store.now(), b"before", whole=True)
    project = taken(engine)
    assert store.newest("volumes", project.taken) is None
    store.save(lease, "volumes", store.now(), b"after", whole=True)
    found = store.newest("volumes", project.taken)
    assert found is not None
    assert found.content == b"after"
    assert ListingStore(engine, "Burgos").newest("volumes", project.taken) is None
    assert store.newest("backups", project.taken) is None


def test_a_listing_of_a_conductor_that_was_too_slow_is_not_kept(
    engine: Engine, store: ListingStore, lease: HeldLease
) -> None:
    began = store.now()
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=1.0))
    assert ProjectLeases(engine, REGION, "theirs", NEVER).take_listing() is not None
    with pytest.raises(LeaseLost, match=f"^another process has taken over the listing of volumes in region {REGION}$"):
        store.save(lease, "volumes", began, b"late", whole=True)
    assert store.newest("volumes", began - SECOND) is None
