"""What a cloud does with requests for backups: the stand-ins and real Keystone, Nova and Cinder do the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from devcloud_lib.waiting import wait_for

from fiwareglancesync.base.errors import CloudError, Forbidden
from fiwareglancesync.openstack.project_tokens import NoAccess
from fiwareglancesync.openstack.request_outcome import Accepted, Outcome, Refusal, Refused, Unknown
from fiwareglancesync.openstack.retry import Deadline
from fiwareglancesync.openstack.service import Call, Service
from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.volumes.backup_cloud import BackupCloud, NewBackup, NewVolume
from tests.support.cloud_operator import CloudOperator
from tests.support.volume_clouds import VolumeCloud, real_volume_cloud, stand_in_volume_cloud

NOWHERE = "00000000-1111-2222-3333-444444444444"
MARKS = {"__automated_backup": "True", "glancesync_task": "a-task"}


REAL = pytest.param("real", marks=[pytest.mark.integration, pytest.mark.volumes])


@pytest.fixture(scope="module", params=["stand-in", REAL])
def world(request: pytest.FixtureRequest, root: Path) -> Iterator[VolumeCloud]:
    """A cloud with a tenant and an account."""
    with stand_in_volume_cloud() if request.param == "stand-in" else real_volume_cloud(root) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(world: VolumeCloud) -> BackupCloud:
    """The region, with the rights of the account."""
    return world.backups()


@pytest.fixture(scope="module")
def operator(world: VolumeCloud) -> CloudOperator:
    """An administrator, who is not the account."""
    return world.operator


@pytest.fixture
def volume(world: VolumeCloud) -> str:
    """A new volume of the tenant."""
    return world.operator.new_volume(world.alice)


def accepted(outcome: Outcome) -> str:
    """The id in the outcome of an accepted request."""
    assert isinstance(outcome, Accepted), outcome
    return outcome.id


def refused(outcome: Outcome) -> Refusal:
    """Why a request was refused."""
    assert isinstance(outcome, Refused), outcome
    return outcome.refusal


def backed_up(world: VolumeCloud, cloud: BackupCloud, volume: str, *, is_incremental: bool = False) -> str:
    """Back a volume up and wait for it."""
    backup = NewBackup(world.tenant, volume, "web_data_20261128T220000Z", is_incremental, MARKS)
    made = accepted(cloud.create_backup(backup))
    world.operator.wait_for_backup(made)
    return made


def test_a_backup_is_in_the_project_of_its_volume_and_of_the_account(
    world: VolumeCloud, cloud: BackupCloud, volume: str
) -> None:
    made = backed_up(world, cloud, volume)
    backup = cloud.backup(made)
    assert backup is not None
    assert (backup.project_id, backup.user_id) == (world.tenant, world.account.id)
    assert (backup.volume_id, backup.status, backup.size) == (volume, "available", 1)
    assert backup.metadata == MARKS
    assert backup.data_timestamp is not None
    assert abs((backup.data_timestamp - backup.created_at).total_seconds()) < 60
    assert backup.updated_at is not None
    assert backup.updated_at >= backup.created_at
    # The tenant sees and can restore it.
    shown = world.operator.ask("block-storage", "GET", f"/backups/{made}", person=world.alice)["backup"]
    assert shown["name"] == "web_data_20261128T220000Z"


def test_an_incremental_backup_needs_one_that_is_available(world: VolumeCloud, cloud: BackupCloud, volume: str) -> None:
    outcome = cloud.create_backup(NewBackup(world.tenant, volume, "first", True))
    assert refused(outcome) is Refusal.NO_PARENT
    found = cloud.volume(volume)
    assert found is not None
    assert found.status == "available"


def test_a_chain_is_read_from_the_exported_records(world: VolumeCloud, cloud: BackupCloud, volume: str) -> None:
    full = backed_up(world, cloud, volume)
    incremental = backed_up(world, cloud, volume, is_incremental=True)
    assert (cloud.parent_of(full), cloud.parent_of(incremental)) == (None, full)
    listed = {backup.id: backup for backup in cloud.backups(volume).items}
    assert listed.keys() == {full, incremental}
    assert (listed[full].is_incremental, listed[incremental].is_incremental) == (False, True)
    assert (listed[full].has_dependent_backups, listed[incremental].has_dependent_backups) == (True, False)


def test_a_base_is_removed_only_after_what_builds_on_it(world: VolumeCloud, cloud: BackupCloud, volume: str) -> None:
    full = backed_up(world, cloud, volume)
    incremental = backed_up(world, cloud, volume, is_incremental=True)
    assert refused(cloud.delete_backup(world.tenant, full)) is Refusal.REJECTED
    for backup in (incremental, full):
        accepted(cloud.delete_backup(world.tenant, backup))
        world.operator.wait_until_gone(f"/backups/{backup}")
        assert cloud.backup(backup) is None
    assert refused(cloud.delete_backup(world.tenant, full)) is Refusal.NOT_FOUND


def test_a_users_own_backup_becomes_the_parent(world: VolumeCloud, cloud: BackupCloud, volume: str) -> None:
    first = cloud.backup(backed_up(world, cloud, volume))
    assert first is not None
    # Cinder finds the newest one by whole seconds.
    assert wait_for(lambda: datetime.now(timezone.utc) > first.created_at + timedelta(seconds=1), 10)
    own = world.operator.new_backup(world.alice, volume, name="mine", metadata=MARKS)
    assert cloud.parent_of(backed_up(world, cloud, volume, is_incremental=True)) == own
    found = cloud.backup(own)
    assert found is not None
    assert found.user_id == world.alice.id, "marks can be forged, the user cannot"


def test_a_quota_refuses_with_its_figures(world: VolumeCloud, cloud: BackupCloud) -> None:
    person = world.operator.new_person(world.operator.new_project("small"))
    volume = world.operator.new_volume(person)
    path = f"/os-quota-sets/{person.project}"
    for quota, figures in (({"backups": 0}, "0"), ({"backups": 5, "backup_gigabytes": 0}, "Requested 1G, quota is 0G")):
        world.operator.ask("block-storage", "PUT", path, {"quota_set": quota})
        outcome = cloud.create_backup(NewBackup(person.project, volume, "backup", False))
        assert refused(outcome) is Refusal.QUOTA
        assert isinstance(outcome, Refused)
        assert figures in outcome.text
    found = cloud.quota(person.project)
    assert (found.backups.limit, found.backups.in_use, found.gigabytes.limit) == (5, 0, 0)
    world.operator.ask("block-storage", "PUT", path, {"quota_set": {"backups": -1}})
    assert cloud.quota(person.project).backups.limit is None


def test_a_volume_that_is_busy_or_gone_refuses(world: VolumeCloud, cloud: BackupCloud, volume: str) -> None:
    gone = cloud.create_backup(NewBackup(world.tenant, NOWHERE, "backup", False))
    assert refused(gone) is Refusal.NOT_FOUND
    assert cloud.volume(NOWHERE) is None
    world.operator.ask(
        "block-storage", "POST", f"/volumes/{volume}/action", {"os-reset_status": {"status": "backing-up"}}
    )
    busy = cloud.create_backup(NewBackup(world.tenant, volume, "backup", False))
    assert refused(busy) is Refusal.REJECTED
    assert isinstance(busy, Refused)
    assert "backing-up" in busy.text


def test_an_answer_of_the_class_500_leaves_the_outcome_open(
    world: VolumeCloud, cloud: BackupCloud, volume: str
) -> None:
    outcome = cloud.create_backup(NewBackup(world.tenant, volume, "\N{GRINNING FACE}", False))
    assert isinstance(outcome, Unknown), outcome
    found = cloud.volume(volume)
    assert found is not None
    assert found.status == "backing-up", "Cinder has begun with it, and left it so"


def test_servers_have_their_metadata_and_all_their_volumes(world: VolumeCloud, cloud: BackupCloud) -> None:
    first, second = (world.operator.new_volume(world.alice) for _ in range(2))
    server = world.operator.new_server(world.alice, first, second, backup="yes")
    listing = cloud.servers()
    assert (listing.is_whole, listing.reason) == (True, "")
    found = next(each for each in listing.items if each.id == server)
    assert (found.name, found.project_id, found.metadata) == ("server", world.tenant, {"backup": "yes"})
    assert sorted(found.volume_ids) == sorted((first, second))
    assert cloud.set_server_metadata(world.tenant, server, "last-backup-time", "2026-11-28T22:00:00Z") == Accepted()
    changed = next(each for each in cloud.servers(world.tenant).items if each.id == server)
    assert changed.metadata == {"backup": "yes", "last-backup-time": "2026-11-28T22:00:00Z"}
    assert server not in {each.id for each in cloud.servers(world.account.project).items}
    # An attached volume is backed up, and its server still has it.
    backed_up(world, cloud, second)
    attached = cloud.volume(second)
    assert attached is not None
    assert (attached.status, bool(attached.host)) == ("in-use", True)


def test_metadata_of_a_server_is_limited(world: VolumeCloud, cloud: BackupCloud) -> None:
    metadata = {f"key{number}": "value" for number in range(128)}
    server = world.operator.new_server(world.alice, world.operator.new_volume(world.alice), **metadata)
    outcome = cloud.set_server_metadata(world.tenant, server, "last-backup-time", "now")
    assert refused(outcome) is Refusal.QUOTA
    missing = cloud.set_server_metadata(world.tenant, NOWHERE, "last-backup-time", "now")
    assert refused(missing) is Refusal.NOT_FOUND


def test_a_listing_has_all_pages_once(world: VolumeCloud) -> None:
    volumes = {world.operator.new_volume(world.alice) for _ in range(3)}
    backups = {world.operator.new_backup(world.alice, volume) for volume in sorted(volumes)}
    paged = world.backups(tuning=Tuning(page=2))
    for listing, expected in ((paged.volumes(), volumes), (paged.backups(), backups)):
        assert (listing.is_whole, listing.reason) == (True, "")
        ids = [item.id for item in listing.items]
        assert len(ids) == len(set(ids))
        assert expected <= set(ids)
    assert volumes <= {volume.id for volume in paged.volumes(world.tenant).items}
    assert {backup.volume_id for backup in paged.backups(min(volumes)).items} == {min(volumes)}


def test_a_list_begins_again_when_its_marker_does_not_exist(
    world: VolumeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = [world.operator.new_volume(world.alice) for _ in range(2)]
    world.operator.new_server(world.alice, volumes[0])
    world.operator.new_backup(world.alice, volumes[0], force=True)
    world.operator.new_backup(world.alice, volumes[1])
    send = Service.request
    lost: list[str] = []

    def request(service: Service, call: Call, deadline: Deadline | None = None) -> Any:
        marker = re.search(r"marker=([^&]+)", call.path)
        if marker and service.address not in lost:
            lost.append(service.address)
            call = replace(call, path=call.path.replace(marker[1], NOWHERE))
        return send(service, call, deadline)

    monkeypatch.setattr(Service, "request", request)
    paged = world.backups(tuning=Tuning(page=1))
    for lists in (paged.servers, paged.volumes, paged.backups):
        lost.clear()
        listing = lists()
        assert (listing.is_whole, listing.reason) == (True, "")
        assert len(lost) == 1


def test_a_member_is_no_account(world: VolumeCloud, volume: str) -> None:
    member = world.backups(world.alice)
    with pytest.raises(Forbidden, match="needs the role admin"):
        member.services()
    for listing in (member.servers(), member.volumes(), member.backups(), member.backups(volume), member.projects()):
        assert not listing.is_whole
        assert "needs the role admin" in listing.reason
    with pytest.raises(CloudError, match="needs the role admin"):
        member.backup(NOWHERE)
    own = world.operator.new_backup(world.alice, volume)
    with pytest.raises(Forbidden, match="needs the role admin"):
        member.parent_of(own)


def test_services_are_up(cloud: BackupCloud) -> None:
    states = {service.binary: service.is_up and service.is_enabled for service in cloud.services()}
    assert states == {"cinder-scheduler": True, "cinder-volume": True, "cinder-backup": True}


def test_clocks_agree(cloud: BackupCloud) -> None:
    assert abs(cloud.clock_difference()) < 60


def test_projects_have_their_domain_and_their_state(world: VolumeCloud, cloud: BackupCloud) -> None:
    project = world.operator.new_project("disabled")
    world.operator.enable_project(project, enabled=False)
    listing = cloud.projects()
    assert (listing.is_whole, listing.reason) == (True, "")
    found = {each.id: each for each in listing.items}
    assert (found[project].enabled, found[world.tenant].enabled) == (False, True)
    assert (found[project].domain_id, found[project].domain_name) == ("default", "Default")
    assert cloud.account().project_id == world.account.project
    assert cloud.account().user_id == world.account.id


def test_a_disabled_project_gives_no_access_until_it_is_enabled(world: VolumeCloud) -> None:
    person = world.operator.new_person(world.operator.new_project("paused"))
    volume = world.operator.new_volume(person)
    backup = NewBackup(person.project, volume, "backup", False)
    world.operator.enable_project(person.project, enabled=False)
    try:
        cloud = world.backups()
        for is_new in (True, False):
            with pytest.raises(NoAccess, match=f"no token for the project {person.project}") as caught:
                cloud.create_backup(backup)
            assert (caught.value.project, caught.value.is_new) == (person.project, is_new)
        # What is there is still listed.
        assert volume in {each.id for each in cloud.volumes(person.project).items}
    finally:
        world.operator.enable_project(person.project, enabled=True)
    made = accepted(world.backups().create_backup(backup))
    world.operator.wait_for_backup(made)


def test_an_account_without_a_role_has_no_access(world: VolumeCloud, volume: str) -> None:
    bound = world.operator.new_person(world.operator.new_project("elsewhere"), "admin")
    with pytest.raises(NoAccess, match="or the account has no role in it"):
        world.backups(bound).create_backup(NewBackup(world.tenant, volume, "backup", False))


def test_members_are_those_with_a_role_and_those_of_groups(world: VolumeCloud, cloud: BackupCloud) -> None:
    operator = world.operator
    project = operator.new_project("team")
    operator.new_person(project, email="member@example.org")
    operator.new_person(project, email="left@example.org", enabled=False)
    operator.new_person(project)
    operator.new_group(project, operator.new_person(email="grouped@example.org"))
    operator.new_person(operator.new_project("other"), email="stranger@example.org")
    operator.make_administrator(operator.new_person(email="admin@example.org"))
    assert cloud.member_addresses(project) == ("grouped@example.org", "member@example.org")


def test_a_drill_restores_into_a_volume_of_the_accounts_own_project(
    world: VolumeCloud, cloud: BackupCloud, volume: str
) -> None:
    path = f"/volumes/{volume}/metadata"
    world.operator.ask("block-storage", "POST", path, {"metadata": {"owner": "alice"}}, person=world.alice)
    source = cloud.volume(volume)
    assert source is not None
    backup = backed_up(world, cloud, volume)
    target = accepted(cloud.create_volume(NewVolume("drill", 1, {"glancesync_drill": "a-task"}, source.type)))
    world.operator.wait_for_volume(target)
    made = cloud.volume(target)
    assert made is not None
    assert (made.project_id, made.metadata) == (world.account.project, {"glancesync_drill": "a-task"})
    assert (made.type, made.size) == (source.type, 1)
    assert cloud.restore(backup, target) == Accepted()
    begun = cloud.volume(target)
    assert begun is not None
    assert begun.status in ("restoring-backup", "available")
    world.operator.wait_for_backup(backup)
    world.operator.wait_for_volume(target)
    restored = cloud.volume(target)
    assert restored is not None
    assert restored.name == "drill"
    assert restored.metadata == {"owner": "alice", "src_backup_id": backup}, "the metadata are those of the backup"
    assert cloud.delete_volume(target) == Accepted()
    world.operator.wait_until_gone(f"/volumes/{target}")
    assert refused(cloud.delete_volume(target)) is Refusal.NOT_FOUND
