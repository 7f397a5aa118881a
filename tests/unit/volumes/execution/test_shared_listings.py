"""Listings are made by one conductor and used by all (volumes 4, 8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from fiwareglancesync.locks.lease import leases
from fiwareglancesync.openstack.cloud_model import CloudBackup, Listing, Project
from fiwareglancesync.openstack.listing_content import pack
from fiwareglancesync.volumes.execution.shared_listings import SharedListings
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_listings import ListingStore
from tests.support.hasty_backups import region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_records import NEVER, REGION

LONG_AGO = timedelta(hours=1)


class Waited(Exception):
    """A conductor waits for the listing of another one."""


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """A cloud with a server, its volume and two backups."""
    with cloud_stand_in() as made:
        volume = made.add_volume()
        made.add_server("server", volume, backup="yes")
        made.add_backups(volume, 2)
        yield made


def conductor(engine: Engine, backups: OpenStackBackups, run: str) -> SharedListings:
    """The listings of one conductor."""

    def wait(seconds: float) -> None:
        raise Waited

    return SharedListings(backups, ListingStore(engine, REGION), ProjectLeases(engine, REGION, run, NEVER), wait)


def test_the_second_conductor_sends_no_request(engine: Engine, cloud: CloudStandIn) -> None:
    backups = region(cloud)
    since = ListingStore(engine, REGION).now() - LONG_AGO
    first = conductor(engine, backups, "first")
    made = first.read(since), first.backups(since)
    requests = len(cloud.http.requests)
    second = conductor(engine, backups, "second")
    assert (second.read(since), second.backups(since)) == made
    assert len(cloud.http.requests) == requests
    assert [server.metadata for server in made[0].servers.items] == [{"backup": "yes"}]
    assert len(made[1].items) == 2


def test_a_listing_that_is_too_old_is_made_again(engine: Engine, cloud: CloudStandIn) -> None:
    listings = conductor(engine, region(cloud), "first")
    store = ListingStore(engine, REGION)
    assert len(listings.backups(store.now() - LONG_AGO).items) == 2
    cloud.add_backups(cloud.add_volume())
    assert len(listings.backups(store.now()).items) == 3


def test_a_listing_of_another_version_is_made_again(engine: Engine, cloud: CloudStandIn) -> None:
    store = ListingStore(engine, REGION)
    since = store.now() - LONG_AGO
    lease = ProjectLeases(engine, REGION, "older", NEVER).take_listing()
    assert lease is not None
    store.save(lease, "backups", store.now(), b'{"reason":"","items":[]}', whole=True)
    lease.give_back()
    assert len(conductor(engine, region(cloud), "first").backups(since).items) == 2


def test_a_listing_that_another_conductor_makes_is_waited_for(engine: Engine, cloud: CloudStandIn) -> None:
    lease = ProjectLeases(engine, REGION, "other", NEVER).take_listing()
    assert lease is not None
    with pytest.raises(Waited):
        conductor(engine, region(cloud), "first").backups(ListingStore(engine, REGION).now())
    assert cloud.http.requests == []


def test_a_listing_that_took_too_long_is_left_to_the_conductor_that_lists_by_now(
    engine: Engine, cloud: CloudStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups = region(cloud)
    since = ListingStore(engine, REGION).now() - LONG_AGO
    made = backups.projects()

    def list_slowly() -> Listing[Project]:
        with engine.begin() as connection:
            connection.execute(update(leases).values(token="another conductor's", expires=leases.c.expires + 3600.0))
        return made

    monkeypatch.setattr(backups, "projects", list_slowly)
    with pytest.raises(Waited):
        conductor(engine, backups, "first").read(since)


def test_why_a_listing_is_not_whole_is_shared_too(engine: Engine, cloud: CloudStandIn) -> None:
    backups = region(cloud)
    since = ListingStore(engine, REGION).now() - LONG_AGO
    cloud.demote()
    made = conductor(engine, backups, "first").backups(since)
    assert not made.is_whole
    shared = conductor(engine, backups, "second").backups(since)
    assert (shared.is_whole, shared.reason) == (False, made.reason)


def test_a_listing_from_the_future_is_made_again(engine: Engine, cloud: CloudStandIn) -> None:
    store = ListingStore(engine, REGION)
    lease = ProjectLeases(engine, REGION, "when the clock of the database was wrong", NEVER).take_listing()
    assert lease is not None
    wrong = store.now() + timedelta(days=365)
    store.save(lease, "backups", wrong, pack(Listing([], True, "", wrong), CloudBackup), whole=True)
    lease.give_back()
    assert len(conductor(engine, region(cloud), "first").backups(store.now() - LONG_AGO).items) == 2
