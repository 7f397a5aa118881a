"""What holds for the removal of backups, whatever a volume's history is like (volumes 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.planning.backup_chain import chain_of, is_whole
from fiwareglancesync.volumes.planning.backup_expiry import RESTORABLE, good_ones
from fiwareglancesync.volumes.planning.backup_retention import RetentionPlan, plan_retention
from fiwareglancesync.volumes.planning.server_metadata import MarkedVolume
from fiwareglancesync.volumes.volume_model import BackupRecord, BackupType, RecordState, VolumeSettings
from tests.support.volumes import (
    ACCOUNT,
    HOUR,
    NOW,
    backup_of,
    foreign_backup,
    make_inventory,
    make_record,
    make_server,
    make_volume,
)


@dataclass(frozen=True)
class Past:
    """What was once backed up.

    :param parents: of all backups, users' own ones too: id of Cinder's backup → id of the one that it builds on
    """

    records: list[BackupRecord]
    backups: list[CloudBackup]
    parents: dict[str, str]


@dataclass(frozen=True)
class Step:
    """One backup of the past.

    :param parent: which earlier backup it builds on, as a part of all of them; None for a full one
    :param is_ours: whether Cinder says that our account made it
    """

    parent: float | None
    is_ours: bool
    is_recorded: bool
    state: RecordState
    status: str
    is_known: bool
    held: bool
    hours: int


steps = st.builds(
    Step,
    parent=st.none() | st.floats(0, 0.999),
    is_ours=st.sampled_from([True, True, True, False]),
    is_recorded=st.sampled_from([True, True, True, False]),
    state=st.sampled_from([RecordState.GOOD, RecordState.GOOD, RecordState.GOOD, RecordState.FAILED]),
    status=st.sampled_from(
        ["available", "available", "available", "available", "error", "restoring", "deleting", "gone"]
    ),
    is_known=st.sampled_from([True, True, True, False]),
    held=st.sampled_from([False, False, False, False, True]),
    hours=st.integers(1, 100),
)


def past_of(made: Sequence[Step]) -> Past:
    """The records, and what Cinder lists."""
    past = Past([], [], {})
    due, ids = NOW - 80 * timedelta(days=1), list[str]()
    for number, step in enumerate(made):
        due += step.hours * HOUR
        parent = None if step.parent is None or not ids else ids[int(step.parent * len(ids))]
        record = make_record(
            str(number),
            due,
            state=step.state,
            type=BackupType.FULL if parent is None else BackupType.INCREMENTAL,
            parent_id=parent if step.is_known else None,
            held=step.held,
            reported=True,
            backup_id=f"b-{number}",
        )
        ids.append(f"b-{number}")
        if parent is not None:
            past.parents[f"b-{number}"] = parent
        if step.is_recorded:
            past.records.append(record)
        if step.status != "gone":
            user = ACCOUNT.user_id if step.is_ours else "alice"
            past.backups.append(backup_of(record, user_id=user, status=step.status))
    if made and len(past.backups) > 1:
        past.backups.append(foreign_backup("u", NOW))
    return past


def listing(past: Past) -> list[CloudBackup]:
    bases = {past.parents.get(backup.id) for backup in past.backups}
    return [replace(backup, has_dependent_backups=backup.id in bases) for backup in past.backups]


def planned(past: Past, settings: VolumeSettings, *, volume_exists: bool) -> RetentionPlan:
    volumes = [make_volume()] if volume_exists else []
    marked = {"v1": MarkedVolume(make_volume(), (make_server(),), 86400, 7 * 86400)} if volume_exists else {}
    inventory = make_inventory([make_server()], volumes, listing(past))
    return plan_retention(inventory, past.records, marked, settings, NOW)


def cycles(past: Past, settings: VolumeSettings, *, volume_exists: bool) -> Iterator[tuple[Past, RetentionPlan]]:
    """What there is before each cycle, with its plan, until nothing is removed any more."""
    while True:
        found = planned(past, settings, volume_exists=volume_exists)
        yield past, found
        if not found.removals:
            return
        gone = {each.backup.id for each in found.removals}
        past = Past(
            [record for record in past.records if record.backup_id not in gone],
            [backup for backup in past.backups if backup.id not in gone],
            past.parents,
        )


def restorable(past: Past) -> set[str]:
    """The good backups whose chains are whole."""
    return {record.id for record in good_ones(past.records, {backup.id: backup for backup in past.backups})}


keeping = st.builds(VolumeSettings, keep_at_least=st.integers(0, 3), retention_may_shrink=st.booleans())
pasts = st.lists(steps, max_size=14).map(past_of)


@given(pasts, keeping, st.booleans())
def test_nothing_is_removed_that_something_builds_on(past: Past, settings: VolumeSettings, volume_exists: bool) -> None:
    for before, found in cycles(past, settings, volume_exists=volume_exists):
        present = {backup.id for backup in before.backups}
        bases = {before.parents[id] for id in present if id in before.parents}
        assert not bases & {each.backup.id for each in found.removals}


@given(pasts, keeping, st.booleans())
def test_a_backup_that_stays_can_be_restored_as_before(
    past: Past, settings: VolumeSettings, volume_exists: bool
) -> None:
    states = [before for before, _ in cycles(past, settings, volume_exists=volume_exists)]
    staying = {record.id for record in states[-1].records}
    assert restorable(states[-1]) == restorable(past) & staying


@given(pasts, keeping)
def test_the_last_good_ones_of_a_volume_are_never_removed(past: Past, settings: VolumeSettings) -> None:
    *_, (last, _) = cycles(past, settings, volume_exists=True)
    before, after = restorable(past), restorable(last)
    assert len(after) >= min(len(before), settings.keep_at_least)
    newest = sorted(before, key=int)[len(before) - min(len(before), settings.keep_at_least) :]
    assert set(newest) <= after


@given(pasts, keeping, st.booleans())
def test_nothing_is_removed_that_is_not_ours(past: Past, settings: VolumeSettings, volume_exists: bool) -> None:
    recorded = {record.backup_id for record in past.records}
    for _, found in cycles(past, settings, volume_exists=volume_exists):
        for each in (*found.removals, *found.later):
            assert each.backup.user_id == ACCOUNT.user_id
            assert each.backup.id in recorded
            assert each.record.backup_id == each.backup.id
            assert not each.record.held
            assert each.backup.status in ("available", "error")


@given(pasts, keeping, st.booleans())
def test_only_what_has_expired_is_removed(past: Past, settings: VolumeSettings, volume_exists: bool) -> None:
    for _, found in cycles(past, settings, volume_exists=volume_exists):
        for each in (*found.removals, *found.later):
            expires = found.expiries.get(each.record.id, each.record.expires)
            assert each.record.state is RecordState.FAILED or (expires is not None and expires <= NOW)


@given(pasts, keeping, st.booleans())
def test_everything_that_has_expired_goes_or_has_a_reason(
    past: Past, settings: VolumeSettings, volume_exists: bool
) -> None:
    *_, (last, found) = cycles(past, settings, volume_exists=volume_exists)
    assert not found.later or any(each.is_problem for each in found.kept)
    present = {backup.id for backup in last.backups}
    named = {each.record.id for each in (*found.kept, *found.later)}
    for record in last.records:
        expires = found.expiries.get(record.id, record.expires)
        is_over = record.state is RecordState.FAILED or (expires is not None and expires <= NOW)
        assert not (is_over and record.backup_id in present) or record.id in named


@given(pasts)
def test_chains_end(past: Past) -> None:
    by_backup_id = {record.backup_id or "": record for record in past.records}
    for record in past.records:
        chain = list(chain_of(record, by_backup_id))
        assert len({each.id for each in chain}) == len(chain)
        if is_whole(chain, {backup.id: backup for backup in past.backups}, RESTORABLE):
            assert chain[-1].type is BackupType.FULL
