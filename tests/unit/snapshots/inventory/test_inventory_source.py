"""Servers and volumes are those of all projects when the account may list them, else its own (snapshots 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import CloudError, Unauthorized
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.snapshots.inventory.inventory_source import OpenStackInventory
from fiwareglancesync.snapshots.inventory.server_inventory import IncompleteInventory, ServerInventory, VolumeLocation
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from tests.support.hasty_backups import HASTY
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in

SOON = replace(HASTY, wait_limit=0.1, attempts=2)


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """A cloud of stand-ins, without servers and volumes."""
    with cloud_stand_in() as made:
        yield made


def read(cloud: CloudStandIn, user: str = "backups", project: str = "") -> ServerInventory:
    return OpenStackInventory(cloud.credential(user, project), tuning=SOON).read()


def test_an_administrator_gets_all_projects_with_the_places_of_volumes(cloud: CloudStandIn) -> None:
    volume, free = cloud.add_volume(), cloud.add_volume()
    cloud.state.volumes[volume].host, cloud.state.volumes[volume].name_id = "node@ssd#ssd", free
    server = cloud.add_server("web", volume)
    found = read(cloud)
    assert found.servers == [ListedServer(server, "tenant", "web", (volume,))]
    assert found.record.covers_all
    assert found.record.volumes == {volume: VolumeLocation("node@ssd#ssd", free), free: VolumeLocation("node1@nfs")}


def test_a_member_gets_its_own_project_without_places(cloud: CloudStandIn) -> None:
    cloud.add_server("other", cloud.add_volume(project=cloud.account_project), project=cloud.account_project)
    volume = cloud.add_volume()
    server = cloud.add_server("web", volume)
    found = read(cloud, "alice", "tenant")
    assert found.servers == [ListedServer(server, "tenant", "web", (volume,))]
    assert not found.record.covers_all
    assert found.record.volumes == {volume: VolumeLocation()}


def test_pages_of_a_member_are_read_to_their_end(cloud: CloudStandIn) -> None:
    for _ in range(5):
        cloud.add_server("web", cloud.add_volume())
    found = OpenStackInventory(cloud.credential("alice", "tenant"), tuning=replace(SOON, page=2)).read()
    assert len(found.servers) == len(found.record.volumes) == 5


def test_an_account_that_loses_its_rights_meanwhile_has_no_inventory(cloud: CloudStandIn) -> None:
    cloud.add_server("web", cloud.add_volume())
    cloud.fail("/volumes/detail", action=cloud.demote)
    with pytest.raises(IncompleteInventory, match="the account needs the role admin"):
        read(cloud)


@pytest.mark.parametrize("path", ["/servers/detail", "/volumes/detail", "/projects", "/os-services"])
def test_a_list_that_fails_is_no_inventory(cloud: CloudStandIn, path: str) -> None:
    cloud.add_server("web", cloud.add_volume())
    cloud.fail(path, times=9)
    with pytest.raises(CloudError):
        read(cloud)


def test_servers_in_a_cell_that_does_not_answer_are_missing(cloud: CloudStandIn) -> None:
    cloud.add_server("web", cloud.add_volume())
    cloud.state.dead_cell = True
    with pytest.raises(IncompleteInventory, match="the database of a cell does not answer"):
        read(cloud)


def test_a_wrong_password_is_an_error(cloud: CloudStandIn) -> None:
    wrong: Credential = replace(cloud.credential(), password="other")
    with pytest.raises(Unauthorized):
        OpenStackInventory(wrong, tuning=SOON).read()
