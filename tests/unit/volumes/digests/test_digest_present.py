"""What a cycle's plan says of projects for the digest (volumes 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fiwareglancesync.openstack.cloud_model import Server, Volume
from fiwareglancesync.volumes.digests.digest_model import LateVolume, ProjectDigest, SkippedVolume
from fiwareglancesync.volumes.digests.digest_present import NO_VOLUME, present_digests
from fiwareglancesync.volumes.planning.volume_plan import plan_volumes
from fiwareglancesync.volumes.planning.volume_status import volume_statuses
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState, VolumeSettings
from tests.support.volumes import (
    DAY,
    MINUTE,
    NOW,
    make_incremental,
    make_inventory,
    make_record,
    make_server,
    make_volume,
    with_dependants,
)

SETTINGS = VolumeSettings()


def found(
    servers: Sequence[Server], volumes: Sequence[Volume], records: Sequence[BackupRecord] = ()
) -> Mapping[str, ProjectDigest]:
    inventory = make_inventory(servers, volumes, with_dependants([each for each in records if each.backup_id]))
    plan = plan_volumes(inventory, records, SETTINGS, NOW)
    statuses = volume_statuses(inventory, records, plan.marked, SETTINGS, NOW)
    return present_digests(plan, statuses, inventory.project_by_id)


def test_a_volume_with_a_recent_backup_is_nothing_to_report() -> None:
    assert found([make_server()], [make_volume()], [make_record()]) == {"p1": ProjectDigest("p1", "Default/p1")}


def test_a_volume_without_a_good_backup_or_with_an_old_one_is_late() -> None:
    old = make_record("old", NOW - 5 * DAY)
    servers = [make_server("s1", ["v1", "v2"])]
    assert found(servers, [make_volume("v1"), make_volume("v2", name="")], [old])["p1"] == ProjectDigest(
        "p1",
        "Default/p1",
        late=(
            LateVolume("name-s1", "name-v1", NOW - 5 * DAY + 10 * MINUTE),
            LateVolume("name-s1", "v2", None),
        ),
    )


def test_a_volume_whose_last_backup_failed_is_late_only_without_a_good_one() -> None:
    failed = make_record("x", state=RecordState.FAILED, reason="no space")
    assert found([make_server()], [make_volume()], [make_record("g", NOW - 2 * DAY), failed])["p1"].late == ()
    assert found([make_server()], [make_volume()], [failed])["p1"].late == (LateVolume("name-s1", "name-v1", None),)


def test_backups_that_cannot_be_restored_are_a_warning_too() -> None:
    alone = make_incremental("i", "gone", NOW - DAY)
    digest = found([make_server()], [make_volume()], [alone])["p1"]
    assert digest.late == (LateVolume("name-s1", "name-v1", None),)
    (warning,) = digest.warnings
    assert warning.startswith("Volume name-v1: no backup of it can be restored: ")


def test_what_is_skipped_has_its_reason() -> None:
    skipped = make_volume("v1", metadata={"skip-volume-backup": "yes"})
    digest = found([make_server("s1"), make_server("s2", [])], [skipped])["p1"]
    assert [(each.server, each.volume) for each in digest.skipped] == [
        ("name-s1", "name-v1"), ("name-s2", NO_VOLUME)
    ]  # fmt: skip
    assert all(isinstance(each, SkippedVolume) and each.reason for each in digest.skipped)


def test_servers_without_a_mark_are_unprotected_in_their_own_project() -> None:
    servers = [make_server("s1", [], metadata={}), make_server("s2", [], metadata={}, project_id="p2", name="")]
    digests = found(servers, [])
    assert {id: (each.project_name, each.unprotected) for id, each in digests.items()} == {
        "p1": ("Default/p1", ("name-s1",)), "p2": ("Default/p2", ("s2",))
    }  # fmt: skip


def test_a_metadata_item_that_cannot_be_read_is_a_warning_with_its_server() -> None:
    server = make_server(metadata={"backup": "yes", "backup-retention": "<2 weeks>\n"})
    (warning,) = found([server], [make_volume()], [make_record()])["p1"].warnings
    assert warning.startswith("Server name-s1: backup-retention is '<2 weeks>\\x0a'; expected ")
