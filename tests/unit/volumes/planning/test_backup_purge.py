"""All backups of a project go when an operator says so, the newest first (volumes 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fiwareglancesync.volumes.planning.backup_purge import plan_purge
from fiwareglancesync.volumes.planning.backup_retention import RetentionPlan
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState, VolumeSettings
from tests.support.volumes import (
    DAY,
    HOUR,
    NOW,
    foreign_backup,
    listed,
    make_incremental,
    make_inventory,
    make_record,
    with_dependants,
)

CHAIN = [
    make_record("f", NOW - 3 * DAY),
    make_incremental("i1", "f", NOW - 2 * DAY),
    make_incremental("i2", "i1", NOW - DAY),
]
BACKUPS = with_dependants(CHAIN)


def purge(records: list[BackupRecord], **values: Any) -> RetentionPlan:
    backups = [*with_dependants(records), foreign_backup("users", NOW - HOUR)]
    inventory = make_inventory([], [], backups, projects=listed([]), **values)
    return plan_purge("p1", inventory, records, VolumeSettings(), NOW)


def ids(found: RetentionPlan) -> tuple[list[str], list[str]]:
    return [each.record.id for each in found.removals], [each.record.id for each in found.later]


def test_all_go_one_after_the_other_although_the_project_is_gone_and_nothing_has_expired() -> None:
    assert ids(purge(CHAIN)) == (["i2"], ["i1", "f"])
    assert ids(purge(CHAIN[:2])) == (["i1"], ["f"])
    assert ids(purge(CHAIN[:1])) == (["f"], [])


def test_those_of_other_projects_stay() -> None:
    other = make_record("other", NOW - DAY, project_id="p2", volume_id="v2")
    assert ids(purge([CHAIN[0], other])) == (["f"], [])


def test_what_is_held_or_being_made_stays() -> None:
    held = purge([*CHAIN[:2], replace(CHAIN[2], held=True)])
    assert ids(held) == ([], [])
    assert len(held.kept) == 3
    running = make_record("r", NOW, volume_id="v1", state=RecordState.RUNNING)
    assert ids(purge([*CHAIN, running])) == ([], [])


def test_a_chain_waits_for_the_one_that_cinder_is_deleting() -> None:
    backups = [replace(each, status="deleting", updated_at=NOW) if each.id == "b-i2" else each for each in BACKUPS]
    found = plan_purge("p1", make_inventory([], [], backups, projects=listed([])), CHAIN, VolumeSettings(), NOW)
    assert ids(found) == ([], ["i2", "i1", "f"])
    assert found.kept == []


def test_one_that_cinder_has_been_deleting_for_too_long_stays_with_what_it_builds_on() -> None:
    long_ago = NOW - 2 * DAY
    backups = [replace(each, status="deleting", updated_at=long_ago) if each.id == "b-i2" else each for each in BACKUPS]
    found = plan_purge("p1", make_inventory([], [], backups, projects=listed([])), CHAIN, VolumeSettings(), NOW)
    assert ids(found) == ([], [])
    assert len(found.kept) == 3


def test_a_failed_one_goes_before_it_is_reported() -> None:
    failed = make_record("x", NOW - HOUR, state=RecordState.FAILED, backup_id="b-x")
    assert ids(purge([failed])) == (["x"], [])


def test_nothing_goes_while_a_listing_is_not_whole() -> None:
    assert purge(CHAIN, cut="backups").problems == {"p1": "the listing of backups is not whole: 999 of 1000 came"}
    assert ids(purge(CHAIN, cut="backups")) == ([], [])
