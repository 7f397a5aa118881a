"""The inventory of a large region: 20,000 volumes with 10 backups each (volumes 8)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.hasty_backups import region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in

VOLUMES = 20_000
BACKUPS_OF_EACH = 10
SERVERS = 3_000
MEMORY = 160 * MIB


@contextmanager
def large_cloud(part: int) -> Iterator[CloudStandIn]:
    """A large cloud, or a part of one.

    :param part: by which its numbers are divided
    """
    with cloud_stand_in() as cloud:
        volumes = [cloud.add_volume(f"volume-{number}") for number in range(VOLUMES // part)]
        for volume in volumes:
            cloud.add_backups(volume, BACKUPS_OF_EACH)
        for number in range(SERVERS // part):
            cloud.add_server(f"server-{number}", volumes[number], backup="yes")
        yield cloud


@pytest.mark.slow
def test_a_large_region_takes_few_requests() -> None:
    with large_cloud(1) as cloud:
        backups = region(cloud)
        backups.account()
        before = len(cloud.http.requests)
        listings = backups.projects(), backups.servers(), backups.volumes(), backups.backups()
        assert [listing.reason for listing in listings] == [""] * 4
        assert [len(listing.items) for listing in listings[1:]] == [SERVERS, VOLUMES, VOLUMES * BACKUPS_OF_EACH]
        assert len(cloud.http.requests) - before == 2 + 5 + 21 + 201


@pytest.mark.slow
def test_pages_are_not_kept() -> None:
    part = 10
    with large_cloud(part) as cloud:
        backups = region(cloud)
        backups.account()
        tracemalloc.start()
        listings = backups.volumes(), backups.backups()
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [listing.reason for listing in listings] == ["", ""]
        assert held < MEMORY / part
        page = 10 * MIB
        assert peak < held + page
