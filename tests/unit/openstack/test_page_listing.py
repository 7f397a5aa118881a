"""A listing is whole, or says why not (volumes 3): what is missing must never look deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.openstack.cloud_model import CloudBackup, Listing
from tests.support.hasty_backups import HASTY, region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn

PAGES_OF_TWO = replace(HASTY, page=2)
BACKUPS = "/backups/detail"


@pytest.fixture
def made(cloud: CloudStandIn) -> list[str]:
    """The backups of a volume, the newest last."""
    return cloud.add_backups(cloud.add_volume(), 5)


def listed(cloud: CloudStandIn) -> Listing[CloudBackup]:
    """All backups, in pages of two."""
    return region(cloud, tuning=PAGES_OF_TWO).backups()


def ids(listing: Listing[CloudBackup]) -> list[str]:
    """The ids in a listing."""
    return [backup.id for backup in listing.items]


def test_all_pages_are_read(cloud: CloudStandIn, made: list[str]) -> None:
    listing = listed(cloud)
    assert (listing.is_whole, listing.reason) == (True, "")
    assert ids(listing) == made[::-1]
    assert len(cloud.http.lines(BACKUPS)) == 3


def test_the_page_after_the_last_item_is_not_requested(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.add_backups(cloud.add_volume())
    assert listed(cloud).is_whole
    assert len(cloud.http.lines(BACKUPS)) == 3


def test_a_service_may_list_less_in_a_page_than_requested(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.state.page_limit = 1
    assert ids(listed(cloud)) == made[::-1]


def test_a_refusal_for_now_is_waited_for(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.fail(BACKUPS, 429, after=1, headers={"Retry-After": "0"})
    cloud.fail(BACKUPS, 503, after=2)
    assert ids(listed(cloud)) == made[::-1]


@pytest.mark.parametrize("status", [500, 502, 429])
def test_a_page_that_fails_for_good_leaves_the_list_incomplete(
    cloud: CloudStandIn, made: list[str], status: int
) -> None:
    cloud.fail(BACKUPS, status, after=1, times=99)
    tuning = replace(PAGES_OF_TWO, wait_limit=0.1)
    listing = region(cloud, tuning=tuning).backups()
    assert not listing.is_whole
    assert listing.reason.startswith("the list of backups is not complete: ")
    assert str(status) in listing.reason
    assert ids(listing) == made[:2:-1]


@pytest.mark.parametrize("status", [0, -1])
def test_a_page_that_does_not_come_leaves_the_list_incomplete(
    cloud: CloudStandIn, made: list[str], status: int
) -> None:
    cloud.fail(BACKUPS, status, after=1, times=99)
    listing = region(cloud, tuning=replace(PAGES_OF_TWO, control=2.0)).backups()
    assert not listing.is_whole
    assert listing.reason.startswith("the list of backups is not complete: Cinder at ")
    assert ids(listing) == made[:2:-1]


def test_another_success_than_200_leaves_the_list_incomplete(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.fail(BACKUPS, 206, times=99, document={"backups": [], "count": 0})
    listing = listed(cloud)
    assert not listing.is_whole
    assert "HTTP 206" in listing.reason


def test_a_list_begins_again_when_the_marker_vanishes(cloud: CloudStandIn, made: list[str]) -> None:
    def remove() -> None:
        # The last item of the first page.
        del cloud.state.backups[made[3]]
        cloud.changed()

    cloud.fail("marker=", after=0, action=remove)
    listing = listed(cloud)
    assert (listing.is_whole, listing.reason) == (True, "")
    assert ids(listing) == [made[4], *made[2::-1]]
    assert len(cloud.http.lines(BACKUPS)) == 4


def test_a_list_begins_again_only_twice(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.fail("marker=", 404, times=99, document={"itemNotFound": {"message": "Backup x could not be found."}})
    listing = listed(cloud)
    assert not listing.is_whole
    assert listing.reason.startswith("the list of backups changed too fast: ")
    assert "Backup x could not be found" in listing.reason
    assert len(cloud.http.lines(BACKUPS)) == 6


def test_fewer_items_than_counted_are_not_all(cloud: CloudStandIn, made: list[str]) -> None:
    page = {"backups": [], "count": 5}
    cloud.fail(BACKUPS, 200, document=page, times=99)
    assert listed(cloud).reason == "the service counts 5 backups and lists 0"
    assert len(cloud.http.lines(BACKUPS)) == 3


def test_a_list_begins_again_when_an_item_was_made_before_it_was_counted(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.fail(BACKUPS, 200, document={"backups": [], "count": 1})
    listing = listed(cloud)
    assert (listing.is_whole, ids(listing)) == (True, made[::-1])


def test_the_smallest_count_is_the_one_that_matters(cloud: CloudStandIn, made: list[str]) -> None:
    def remove() -> None:
        del cloud.state.backups[made[0]]
        cloud.changed()

    # It is deleted before its page is requested, and the later pages count one less.
    cloud.fail("marker=", action=remove)
    listing = listed(cloud)
    assert (listing.is_whole, ids(listing)) == (True, made[:0:-1])


def test_an_item_that_moves_to_the_next_page_is_listed_once(cloud: CloudStandIn, made: list[str]) -> None:
    first = region(cloud, tuning=PAGES_OF_TWO).backups().items
    assert len(first) == 5
    page = {
        "backups": [_entry(cloud, made[4]), _entry(cloud, made[3])],
        "count": 6,
        "backups_links": [{"rel": "next", "href": f"http://elsewhere.example/?marker={made[4]}"}],
    }
    cloud.fail(BACKUPS, 200, document=page)
    listing = listed(cloud)
    assert ids(listing) == [made[4], made[3], *made[2::-1]]
    assert listing.reason == "", "the count of the last page is five"


def test_pages_in_a_circle_end(cloud: CloudStandIn, made: list[str]) -> None:
    page = {
        "backups": [_entry(cloud, made[4])],
        "count": 5,
        "backups_links": [{"rel": "next", "href": f"?marker={made[4]}"}],
    }
    cloud.fail(BACKUPS, 200, times=99, document=page)
    assert listed(cloud).reason == "the pages of the list of backups go in a circle"


def test_a_list_without_a_count_is_not_whole(cloud: CloudStandIn, made: list[str]) -> None:
    cloud.fail(BACKUPS, 200, document={"backups": []})
    assert listed(cloud).reason == "the service does not count its backups"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": None}, "no id"),
        ({"status": ""}, "no status"),
        ({"size": "large"}, "no number size"),
        ({"created_at": "yesterday"}, "created_at is no time"),
        ({"os-backup-project-attr:project_id": None}, "no os-backup-project-attr:project_id, which Cinder shows to"),
    ],
)
def test_an_entry_that_cannot_be_read_leaves_the_list_incomplete(
    cloud: CloudStandIn, made: list[str], change: dict[str, object], problem: str
) -> None:
    entries = [{**_entry(cloud, made[0]), **change}, _entry(cloud, made[1])]
    cloud.fail(BACKUPS, 200, document={"backups": entries, "count": 2})
    listing = listed(cloud)
    assert not listing.is_whole
    assert f"an entry that cannot be read: {problem}" in listing.reason
    assert ids(listing) == [made[1]]


@pytest.mark.parametrize("document", [None, [], {}, {"backups": None}, {"backups": {}}])
def test_a_malformed_page_leaves_the_list_incomplete(cloud: CloudStandIn, document: object) -> None:
    cloud.fail(BACKUPS, 200, times=99, document=document)
    assert "malformed answer" in listed(cloud).reason


def _entry(cloud: CloudStandIn, backup_id: str) -> dict[str, object]:
    """A backup as Cinder writes it."""
    found = cloud.state.backups[backup_id]
    return {
        "id": found.id,
        "name": found.name,
        "status": found.status,
        "size": found.size,
        "volume_id": found.volume_id,
        "created_at": "2026-11-28T22:00:00.000000",
        "os-backup-project-attr:project_id": found.project_id,
        "user_id": found.user_id,
    }
