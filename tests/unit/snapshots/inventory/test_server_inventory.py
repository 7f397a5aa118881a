"""What Nova and Cinder list becomes the list of servers, unless something may be missing (snapshots 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fiwareglancesync.openstack.cloud_model import Listing, Server, Volume
from fiwareglancesync.snapshots.inventory.server_inventory import (
    IncompleteInventory,
    InventoryRecord,
    ServerInventory,
    VolumeLocation,
    has_opted_out,
    make_inventory,
    why_not_believed,
)
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from tests.support.snapshot_records import NOW

WEB, DB = "22222222-0000-4000-8000-000000000000", "11111111-0000-4000-8000-000000000000"
SERVERS = Listing(
    (Server(WEB, "web", "p1", volume_ids=("v2", "v1")), Server(DB, "db", "p2", {"snapshots": "Off"})), True, "", NOW
)
VOLUMES = Listing(
    (
        Volume("v1", "", "p1", "in-use", 1, host="node@ssd#ssd", name_id="v9"),
        Volume("v2", "", "p1", "in-use", 1),
        Volume("v3", "", "p1", "available", 1),
    ),
    True, "", NOW - timedelta(seconds=1),
)  # fmt: skip
FOUND = make_inventory(SERVERS, VOLUMES, {"p1": "acme"}, covers_all=True)


def test_servers_are_sorted_and_have_the_names_of_their_projects() -> None:
    assert FOUND.servers == [ListedServer(DB, "p2", "db"), ListedServer(WEB, "acme", "web", ("v1", "v2"))]


def test_the_record_has_all_volumes_and_what_projects_say() -> None:
    assert FOUND.record == InventoryRecord(
        NOW - timedelta(seconds=1),
        True,
        {"v1": VolumeLocation("node@ssd#ssd", "v9"), "v2": VolumeLocation(), "v3": VolumeLocation()},
        frozenset({WEB, DB}),
        frozenset({DB}),
    )


def test_a_disk_is_there_as_long_as_its_server() -> None:
    assert [FOUND.record.has(id) for id in ("v3", f"{WEB}_disk", "v4", "web_disk")] == [True, True, False, False]


@pytest.mark.parametrize("value", ["off", " OFF ", "no", "false", "0"])
def test_a_project_can_say_that_it_wants_none(value: str) -> None:
    assert has_opted_out({"snapshots": value})


@pytest.mark.parametrize("metadata", [{}, {"snapshots": ""}, {"snapshots": "on"}, {"backup": "off"}])
def test_anything_else_is_no_such_wish(metadata: dict[str, str]) -> None:
    assert not has_opted_out(metadata)


def test_a_listing_with_a_gap_is_no_inventory() -> None:
    partial = replace(VOLUMES, is_whole=False, reason="the list of volumes is not complete")
    with pytest.raises(IncompleteInventory, match="the list of volumes is not complete"):
        make_inventory(SERVERS, partial, {}, covers_all=True)


class TestNotBelieved:
    """Answers that look like a loss."""

    def test_no_server_where_there_were_some(self) -> None:
        none = replace(FOUND, servers=())
        assert "Nova lists no server, and before there were 2" in why_not_believed(none, FOUND.servers, FOUND.record)

    def test_no_volume_where_there_were_some(self) -> None:
        none = replace(FOUND, record=replace(FOUND.record, volumes={}))
        assert "Cinder lists no volume, and before there were 3" in why_not_believed(none, FOUND.servers, FOUND.record)

    def test_one_project_where_there_were_all(self) -> None:
        own = replace(FOUND, record=replace(FOUND.record, covers_all=False))
        assert "gets only its own project" in why_not_believed(own, FOUND.servers, FOUND.record)

    def test_all_of_it_is_used_when_somebody_removed_the_list(self) -> None:
        nothing = ServerInventory((), InventoryRecord(NOW, covers_all=False))
        assert why_not_believed(nothing, None, FOUND.record) == ""

    def test_a_cloud_that_has_always_been_empty_is_believed(self) -> None:
        nothing = ServerInventory((), InventoryRecord(NOW, covers_all=True))
        assert why_not_believed(nothing, [], nothing.record) == ""

    def test_fewer_are_believed(self) -> None:
        assert why_not_believed(replace(FOUND, servers=FOUND.servers[:1]), FOUND.servers, FOUND.record) == ""
