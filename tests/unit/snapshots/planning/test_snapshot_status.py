"""A set of a server is late, never or failing exactly when somebody has to look (snapshots 1.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.snapshots.execution.survey_reading import read_survey
from fiwareglancesync.snapshots.inventory.files_in_use import FilesInUse
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord
from fiwareglancesync.snapshots.planning.snapshot_status import Protection, SnapshotSurvey
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from tests.support.snapshot_daemons import DaemonBench
from tests.support.snapshot_runs import DB, HOUR, WEB, image_of


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> DaemonBench:
    return DaemonBench(engine, tmp_path)


def look(bench: DaemonBench, after: timedelta = timedelta()) -> SnapshotSurvey:
    files = FilesInUse(*map(str, bench.files))
    files.refresh()
    assert files.schedule is not None
    now = bench.clock.now() + after
    return read_survey(bench.connect(), bench.engine, bench.settings, files.schedule, now)


def states(found: SnapshotSurvey) -> list[tuple[str, Protection, bool]]:
    return [(row.server.name if row.server else "", row.protection, row.is_well) for row in found.rows]


def test_a_set_is_never_before_its_first_slot_and_that_is_well(bench: DaemonBench) -> None:
    bench.run(HOUR)
    assert states(look(bench)) == [("db", Protection.NEVER, True), ("web", Protection.NEVER, True)]
    # The first slot is at 02:00, and may be late until 08:00.
    assert not look(bench, 20 * HOUR).rows[0].is_well


def test_a_set_is_late_when_a_slot_has_passed_for_longer_than_the_grace(bench: DaemonBench) -> None:
    bench.run(15 * HOUR)
    assert {row.protection for row in look(bench).rows} == {Protection.OK}
    assert {row.protection for row in look(bench, 28 * HOUR).rows} == {Protection.OK}
    assert {row.protection for row in look(bench, 30 * HOUR).rows} == {Protection.LATE}


def test_a_copy_of_a_clock_that_was_wrong_protects_nothing(bench: DaemonBench) -> None:
    bench.clock.offset = timedelta(days=3650)
    bench.run(15 * HOUR)
    assert {row.protection for row in look(bench, timedelta(days=-3650)).rows} == {Protection.NEVER}


def test_only_a_copy_of_all_volumes_counts(bench: DaemonBench) -> None:
    bench.run(39 * HOUR)
    newest = [row.newest for row in look(bench).rows]
    snapshots = bench.cluster.images[image_of("v2")].snapshots
    del snapshots[max(snapshots)]
    db, web = look(bench).rows
    assert db.newest == newest[0]
    assert newest[1] is not None
    assert web.newest == newest[1] - 24 * HOUR


def test_a_volume_without_an_image_is_critical(bench: DaemonBench) -> None:
    bench.run(HOUR)
    del bench.cluster.images[image_of("v3")]
    found = look(bench)
    assert found.rows[0].protection is Protection.FAILING
    assert found.severity.name == "CRITICAL"


@pytest.mark.parametrize("is_honoured", [False, True])
def test_metadata_of_projects_count_only_when_they_are_honoured(bench: DaemonBench, is_honoured: bool) -> None:
    bench.settings = replace(bench.settings, general_snapshots=True, honour_metadata=is_honoured)
    bench.schedule = "web: 2@2\n"
    bench.write()
    inventory = InventoryRecord(
        bench.clock.now(), True, {}, frozenset({WEB.id, DB.id}), frozenset({WEB.id, DB.id})
    )
    SnapshotChanges(bench.engine, bench.cluster.fsid).keep_inventory(inventory)
    bench.run(4 * HOUR)
    assert len(bench.ours("v3")) == (0 if is_honoured else 1)
    db, web = look(bench).rows
    assert db.why == (
        "no spec covers it; its metadata say snapshots=off"
        if is_honoured
        else "its metadata say snapshots=off, without effect"
    )
    assert web.why == "its metadata say snapshots=off, without effect"
