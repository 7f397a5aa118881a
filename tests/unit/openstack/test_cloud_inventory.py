"""The inventory of a region: what proves that it is of all projects, and how many requests it takes (volumes 3, 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import CloudError, Forbidden, NotFound
from fiwareglancesync.openstack.cloud_model import BackupQuota, Limit
from tests.support.hasty_backups import HASTY, region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn

SOON = replace(HASTY, wait_limit=0.1, attempts=2)


def test_requests_are_as_many_as_pages_and_one(cloud: CloudStandIn) -> None:
    volumes = [cloud.add_volume() for _ in range(6)]
    for volume in volumes:
        cloud.add_backups(volume, 2)
        cloud.add_server("server", volume)
    backups = region(cloud, tuning=replace(HASTY, page=3))
    backups.account()
    for listing, pages in ((backups.volumes, 2), (backups.backups, 4), (backups.servers, 3)):
        before = len(cloud.http.requests)
        assert listing().is_whole
        # Nova has no count: of a last page that is full one does not know that it is the last.
        assert len(cloud.http.requests) - before == pages + 1


def test_requests_have_one_token_and_fixed_versions(cloud: CloudStandIn) -> None:
    backups = region(cloud)
    for listing in (backups.servers, backups.volumes, backups.backups):
        assert listing().is_whole
    sent = {asked.headers.get("openstack-api-version") for asked in cloud.http.requests}
    assert sent == {None, "compute 2.75", "volume 3.56"}
    assert len(cloud.http.lines("POST /identity")) == 1


def test_only_filters_that_cinder_has_are_used(cloud: CloudStandIn) -> None:
    volume = cloud.add_volume()
    backups = region(cloud)
    backups.backups(volume_id=volume, project_id=cloud.tenant)
    backups.volumes(project_id=cloud.tenant)
    names = {name for asked in cloud.http.requests if "detail" in asked.path for name in asked.query}
    assert names == {"all_tenants", "limit", "with_count", "volume_id", "project_id"}


def test_an_account_that_is_demoted_during_a_listing_has_not_seen_all(cloud: CloudStandIn) -> None:
    cloud.add_backups(cloud.add_volume(), 3)
    backups = region(cloud)
    assert backups.backups().is_whole
    cloud.fail("/backups/detail", action=cloud.demote)
    demoted = backups.backups()
    assert demoted.items == []
    assert not demoted.is_whole
    assert "the account needs the role admin" in demoted.reason


def test_no_backups_of_a_volume_are_believed_of_an_administrator_only(cloud: CloudStandIn) -> None:
    volume = cloud.add_volume()
    backups = region(cloud)
    assert backups.backups(volume).is_whole
    assert len(cloud.http.lines("os-services")) == 1
    cloud.add_backups(volume)
    assert backups.backups(volume).is_whole
    assert len(cloud.http.lines("os-services")) == 1, "its entries show that"
    cloud.demote()
    assert not backups.backups(volume).is_whole


def test_a_backup_that_an_account_may_not_see_is_not_gone(cloud: CloudStandIn) -> None:
    (made,) = cloud.add_backups(cloud.add_volume())
    backups = region(cloud)
    assert backups.backup(made) is not None
    cloud.demote()
    with pytest.raises(Forbidden):
        backups.backup(made)


def test_the_404_of_a_web_server_says_nothing_of_a_backup(cloud: CloudStandIn) -> None:
    (made,) = cloud.add_backups(cloud.add_volume())
    backups = region(cloud)
    cloud.fail(f"/backups/{made}", 404, headers={"x-openstack-request-id": ""})
    with pytest.raises(NotFound):
        backups.backup(made)


def test_an_empty_id_is_no_id(cloud: CloudStandIn) -> None:
    with pytest.raises(ValueError, match="an empty id"):
        region(cloud).backup("")


def test_servers_of_a_cell_that_does_not_answer_are_missing(cloud: CloudStandIn) -> None:
    cloud.add_server("server", cloud.add_volume())
    cloud.state.dead_cell = True
    listing = region(cloud).servers()
    assert len(listing.items) == 1
    assert listing.reason.startswith("Nova leaves out servers: the database of a cell does not answer (hosts host2")


def test_a_failing_check_leaves_a_list_incomplete(cloud: CloudStandIn) -> None:
    cloud.fail("os-services", 500, times=99)
    for listing in (region(cloud, tuning=SOON).servers(), region(cloud, tuning=SOON).volumes()):
        assert listing.reason.startswith("it cannot be determined whether the list is complete: ")


def test_a_server_without_its_volumes_is_not_read(cloud: CloudStandIn) -> None:
    server = {"id": "1", "name": "server", "tenant_id": cloud.tenant, "metadata": {}}
    cloud.fail("/servers/detail", 200, document={"servers": [server]})
    assert "server 1 without its volumes" in region(cloud).servers().reason


def test_a_service_that_is_down_is_shown(cloud: CloudStandIn) -> None:
    cloud.state.backup_service_is_up = False
    states = {service.binary: service.is_up for service in region(cloud).services()}
    assert states == {"cinder-scheduler": True, "cinder-volume": True, "cinder-backup": False}


def test_quotas_have_limit_and_use(cloud: CloudStandIn) -> None:
    cloud.add_backups(cloud.add_volume(size=3), 2)
    cloud.state.quotas[cloud.tenant].update(backups=10, backup_gigabytes=-1)
    assert region(cloud).quota(cloud.tenant) == BackupQuota(Limit(10, 2), Limit(None, 6))


@pytest.mark.parametrize(
    "document", [None, {}, {"quota_set": {}}, {"quota_set": {"backups": 1, "backup_gigabytes": {"limit": "x"}}}]
)
def test_malformed_quotas_are_an_error(cloud: CloudStandIn, document: object) -> None:
    cloud.fail("os-quota-sets", 200, document=document)
    with pytest.raises(CloudError, match="malformed answer: no "):
        region(cloud).quota(cloud.tenant)


def test_the_parent_of_a_backup_that_is_not_available_is_unknown(cloud: CloudStandIn) -> None:
    (made,) = cloud.add_backups(cloud.add_volume())
    cloud.state.is_paused = True
    cloud.state.backups[made].status = "restoring"
    with pytest.raises(CloudError, match="Backup status must be available and not restoring"):
        region(cloud).parent_of(made)
