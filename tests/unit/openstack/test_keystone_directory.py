"""Projects of all domains, and the addresses of a project's members, as Keystone has them (volumes 3, 6)."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.openstack.cloud_model import Project
from tests.support.hasty_backups import region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.stand_ins.cloud_state import Assignment, StoredDomain, StoredProject


def test_projects_have_the_name_of_their_domain(cloud: CloudStandIn) -> None:
    listing = region(cloud).projects()
    assert (listing.is_whole, listing.reason) == (True, "")
    assert Project(cloud.tenant, "tenant", "default", "Default") in listing.items
    assert len(listing.items) == 3


def test_a_project_of_a_disabled_domain_is_disabled(cloud: CloudStandIn) -> None:
    cloud.state.domains["d"] = StoredDomain("d", "closed", enabled=False)
    cloud.state.projects["p"] = StoredProject("p", "project", "d")
    assert Project("p", "project", "d", "closed", enabled=False) in region(cloud).projects().items


def test_a_truncated_list_is_not_whole(cloud: CloudStandIn) -> None:
    cloud.state.list_limit = 2
    listing = region(cloud).projects()
    assert len(listing.items) == 2
    assert listing.reason == "Keystone does not list all projects; raise [resource] list_limit of Keystone"


@pytest.mark.parametrize(
    ("pattern", "document"),
    [
        ("/projects", {"projects": [], "links": {"next": "http://elsewhere.example/v3/projects?page=2"}}),
        ("/projects", {"projects": ["x"]}),
        ("/projects", {"projects": [{"id": "p", "name": "p", "domain_id": "unknown"}]}),
        ("/projects", {}),
        ("/domains", {"domains": [], "truncated": True}),
    ],
)
def test_an_odd_list_is_not_whole(cloud: CloudStandIn, pattern: str, document: object) -> None:
    cloud.fail(f"GET /identity/v3{pattern}", 200, document=document)
    listing = region(cloud).projects()
    assert not listing.is_whole
    assert listing.reason


def test_a_list_that_fails_is_not_whole(cloud: CloudStandIn) -> None:
    cloud.fail("/domains", 500, times=99)
    listing = region(cloud).projects()
    assert listing.items == []
    assert listing.reason.startswith("the list of projects is not complete: ")


def test_members_without_address_and_the_account_are_left_out(cloud: CloudStandIn) -> None:
    cloud.state.users[cloud.account].email = "backups@example.org"
    cloud.assign("member", cloud.account, cloud.tenant)
    cloud.assign("reader", cloud.alice, cloud.tenant)
    assert region(cloud).member_addresses(cloud.tenant) == ("alice@example.org",)


def test_a_member_that_is_deleted_meanwhile_is_left_out(cloud: CloudStandIn) -> None:
    cloud.assign("member", "0" * 31 + "f", cloud.tenant)
    cloud.state.assignments.append(Assignment("member", "group", "gone", "project", cloud.tenant))
    assert region(cloud).member_addresses(cloud.tenant) == ("alice@example.org",)


def test_roles_for_the_projects_below_are_not_of_this_one(cloud: CloudStandIn) -> None:
    scope = {"project": {"id": cloud.tenant}, "OS-INHERIT:inherited_to": "projects"}
    document = {"role_assignments": [{"user": {"id": cloud.alice}, "scope": scope}]}
    cloud.fail("role_assignments", 200, document=document)
    assert region(cloud).member_addresses(cloud.tenant) == ()


def test_addresses_that_cannot_be_read_are_an_error(cloud: CloudStandIn) -> None:
    cloud.fail("role_assignments", 200, document={})
    with pytest.raises(CloudError, match="malformed answer: no list of role_assignments"):
        region(cloud).member_addresses(cloud.tenant)
