"""The status says how well each volume is protected (volumes 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.planning.server_metadata import MarkedVolume
from fiwareglancesync.volumes.planning.volume_status import Protection, VolumeStatus, volume_statuses
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volumes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    backup_of,
    make_incremental,
    make_inventory,
    make_record,
    make_server,
    make_volume,
    with_dependants,
)

FULL = make_record("f", NOW - 2 * DAY)
NEXT = make_incremental("i", "f", NOW - DAY)


def status(
    records: Sequence[BackupRecord],
    backups: Sequence[CloudBackup] | None = None,
    *,
    now: datetime = NOW,
    settings: VolumeSettings | None = None,
    interval: int = 86400,
) -> VolumeStatus:
    inventory = make_inventory(backups=with_dependants(records) if backups is None else backups)
    marked = {"v1": MarkedVolume(make_volume(), (make_server(),), interval, 14 * 86400)}
    (found,) = volume_statuses(inventory, records, marked, settings or VolumeSettings(), now)
    return found


def failed(id: str, due: datetime, reason: str = "no space") -> BackupRecord:
    return make_record(id, due, state=RecordState.FAILED, reason=reason)


def test_the_last_good_backup_is_named_with_its_chain() -> None:
    found = status([FULL, NEXT])
    assert (found.protection, found.last_good, found.chain) == (Protection.OK, NEXT, 2)
    assert (found.server.id, found.volume_name, found.project_id) == ("s1", "name-v1", "p1")


def test_without_any_backup_it_is_never() -> None:
    assert status([]).protection is Protection.NEVER
    assert status([make_record(state=RecordState.LOST)]).protection is Protection.NEVER
    assert status([make_record(state=RecordState.RUNNING)], []).protection is Protection.NEVER


def test_failures_since_the_last_good_one_count_and_the_last_reason_is_named() -> None:
    found = status([FULL, failed("1", NOW - HOUR), failed("2", NOW - MINUTE, "quota")], [backup_of(FULL)])
    assert (found.protection, found.failures, found.why) == (Protection.FAILING, 2, "quota")
    assert found.last_good == FULL
    assert status([failed("1", NOW - 3 * DAY), FULL]).failures == 0
    assert status([failed("1", NOW)]).protection is Protection.FAILING
    running = make_record("r", NOW, state=RecordState.RUNNING)
    assert status([FULL, failed("1", NOW - HOUR), running], [backup_of(FULL)]).protection is Protection.FAILING


@pytest.mark.parametrize(("interval", "hours"), [(3600, 2), (6 * 3600, 12), (86400, 36), (30 * 86400, 732)])
def test_it_is_late_when_the_next_one_should_have_ended(interval: int, hours: int) -> None:
    last = make_record(due=NOW)
    assert status([last], now=NOW + hours * HOUR - MINUTE, interval=interval).protection is Protection.OK
    assert status([last], now=NOW + hours * HOUR, interval=interval).protection is Protection.LATE


def test_the_window_is_allowed_for() -> None:
    night = VolumeSettings(backup_window=(22 * 60, 6 * 60))
    last = make_record(due=NOW)  # at noon; the next one is due at 22:00 of the next day
    assert status([last], now=NOW + 45 * HOUR, settings=night).protection is Protection.OK
    assert status([last], now=NOW + 46 * HOUR, settings=night).protection is Protection.LATE


def test_a_chain_with_a_hole_cannot_be_restored() -> None:
    found = status([FULL, NEXT], [backup_of(NEXT)])
    assert found.protection is Protection.UNRESTORABLE
    assert found.why == "backup b-f is not there, or not usable"
    assert found.last_good is None
    assert status([NEXT], [backup_of(NEXT)]).why == "what backup b-i builds on is not recorded"
    assert status([FULL], [backup_of(FULL, status="error_deleting")]).protection is Protection.UNRESTORABLE


def test_an_older_backup_that_can_be_restored_counts_instead() -> None:
    older = make_record("older", NOW - 3 * DAY)
    found = status([older, FULL, NEXT], [backup_of(older), backup_of(NEXT)])
    assert (found.protection, found.last_good, found.chain) == (Protection.LATE, older, 1)
    unverified = make_record("u", NOW - HOUR, type=BackupType.INCREMENTAL)
    assert status([replace(FULL, due=NOW - DAY), unverified]).last_good == replace(FULL, due=NOW - DAY)


def test_a_backup_that_is_being_restored_is_there() -> None:
    assert status([FULL, NEXT], [backup_of(FULL, status="restoring"), backup_of(NEXT)]).protection is Protection.OK


def test_a_backup_that_ended_after_the_listing_was_made_is_there() -> None:
    last = make_record(due=NOW, finished=NOW + 5 * MINUTE)
    assert status([last], [], now=NOW + HOUR).last_good == last
    assert status([last], [backup_of(last, status="creating")], now=NOW + HOUR).last_good == last
