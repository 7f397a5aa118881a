"""What a cycle prints of requests that came to nothing, and what it does next (volumes 2 and 4)."""

from __future__ import annotations

import pytest

from fiwareglancesync.volumes.execution.cycle_order import CycleCounts
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.volume_events import BackupPostponed, Problem
from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_cycles import CycleBench
from tests.support.volume_records import planned, taken

CREATE = r"POST \S*/backups(\?|$)"


def counted(bench: CycleBench) -> CycleCounts:
    counts = CycleCounts()
    for event in bench.events:
        counts(event)
    return counts


@pytest.mark.parametrize("status", [429, 401])
def test_a_backup_that_is_refused_for_now_is_reported_and_made_by_the_next_cycle(
    cloud: CloudStandIn, bench: CycleBench, status: int
) -> None:
    cloud.add_server("web", cloud.add_volume("data"), backup="true")
    cloud.fail(CREATE, status, document={"overLimit": {"code": status, "message": "Too many requests."}})
    bench.cycle()
    (postponed,) = [event for event in bench.events if isinstance(event, BackupPostponed)]
    assert postponed.why.startswith(f"Too many requests. (HTTP {status})")
    assert counted(bench).has_failed
    bench.cycle()
    assert [record.state for record in bench.records()] == [RecordState.GOOD]
    assert not counted(bench).has_failed


def test_a_backup_that_was_planned_before_its_volume_went_to_another_project_is_made_there(
    cloud: CloudStandIn, bench: CycleBench
) -> None:
    other = cloud.add_project("other")
    volume = cloud.add_volume("data", project=other)
    cloud.add_server("web", volume, project=other, backup="true")
    lease = taken(bench.engine, cloud.tenant)
    VolumeChanges(bench.engine, lease).plan(planned(volume, bench.now(), project_id=cloud.tenant))
    lease.give_back()
    bench.cycle()
    assert [event for event in bench.events if isinstance(event, Problem)] == []
    assert [(record.project_id, record.state) for record in bench.records()] == [(other, RecordState.GOOD)]
