"""What is reported of removals that came to nothing, and what counts as a refusal (volumes 3.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.volume_events import Problem, RemovalRequested
from fiwareglancesync.volumes.volume_model import BackupRecord, VolumeSettings
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_cycles import CycleBench, new_database

DELETE = r"DELETE \S*/backups/"
NOTHING_FULL = VolumeSettings(full_backup_depth=0, min_retention=60, retention=60, max_retention=60)


@pytest.fixture
def bench(cloud: CloudStandIn, tmp_path: Path) -> CycleBench:
    """A region with two backups of a volume, of which the first has expired."""
    bench = CycleBench(cloud, new_database(tmp_path), NOTHING_FULL)
    volume = cloud.add_volume()
    cloud.add_server("web", volume, backup="true")
    bench.cycle()
    cloud.fail(DELETE, 403)  # the listing of the next cycle is older than its backup
    bench.pass_time(seconds=90)
    bench.cycle(CycleOrder(forced=[volume]))
    cloud.http.faults.clear()
    return bench


def first(bench: CycleBench) -> BackupRecord:
    return bench.records()[0]


@pytest.mark.parametrize("status", [500, 504, 0])
def test_a_removal_whose_outcome_is_not_known_is_reported_and_no_refusal(
    cloud: CloudStandIn, bench: CycleBench, status: int
) -> None:
    before = first(bench).refusals
    cloud.fail(DELETE, status)
    bench.cycle()
    (problem,) = [event for event in bench.events if isinstance(event, Problem)]
    assert f"backup {first(bench).backup_id}: it is not known whether Cinder removes it" in problem.text
    assert not problem.is_failure
    assert first(bench).refusals == before


@pytest.mark.parametrize("status", [429, 401])
def test_a_refusal_for_now_is_no_refusal_of_this_backup(cloud: CloudStandIn, bench: CycleBench, status: int) -> None:
    before = first(bench).refusals
    cloud.fail(DELETE, status)
    bench.cycle()
    (problem,) = [event for event in bench.events if isinstance(event, Problem)]
    assert problem.text == f"backup {first(bench).backup_id} is not removed: HTTP {status}"
    assert first(bench).refusals == before
    assert bench.region.store.hold(first(bench).backup_id or "")
    assert bench.region.store.release(first(bench).backup_id or "")
    bench.cycle()
    assert [event for event in bench.events if isinstance(event, RemovalRequested)]


def test_a_backup_cannot_be_held_any_more_when_its_removal_was_refused_before_and_then_accepted(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    cloud.fail(DELETE, 403)
    bench.cycle()
    id = first(bench).backup_id or ""
    assert first(bench).refusals
    assert bench.region.store.hold(id)
    assert bench.region.store.release(id)
    bench.cycle()
    assert [event for event in bench.events if isinstance(event, RemovalRequested)]
    assert not bench.region.store.hold(id)
