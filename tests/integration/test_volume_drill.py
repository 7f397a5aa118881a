"""Restore drills on real Cinder (volumes 1.3): the bytes come back, and nothing is left, whenever a drill is killed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import update

from fiwareglancesync.locks.lease import leases as lease_table
from fiwareglancesync.volumes.drill_model import DrillRecord, DrillState
from fiwareglancesync.volumes.drill_run import drill_backups
from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.state.drill_store import DrillStore
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.shared_clock import SharedClock
from fiwareglancesync.volumes.volume_events import DrillEnded, DrillInterrupted, TemporaryVolumeGone, VolumeEvent
from fiwareglancesync.volumes.volume_model import RecordState, VolumeSettings
from fiwareglancesync.volumes.volume_region import TUNING, VolumeRegion
from tests.support.development_volumes import running_volumes
from tests.support.kill_points import Killed
from tests.support.volume_clouds import VolumeCloud, real_volume_cloud
from tests.support.volume_cycles import new_database

pytestmark = [pytest.mark.integration, pytest.mark.volumes]

CONTENT = b"what the tenant wrote\n" * 4096
PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def world(root: Path) -> Iterator[VolumeCloud]:
    """A cloud with a tenant and an account."""
    with real_volume_cloud(root) as made:
        yield made


@pytest.fixture(scope="module")
def content(root: Path) -> Callable[[str], bytes]:
    """Reads the beginning of a volume in the folder of Cinder's share."""
    volumes = running_volumes(root)

    def read(volume_id: str) -> bytes:
        with volumes.content(volume_id).open("rb") as file:
            return file.read(len(CONTENT))

    return read


@pytest.fixture(scope="module")
def region(world: VolumeCloud, root: Path, tmp_path_factory: pytest.TempPathFactory) -> VolumeRegion:
    """The region, with a good backup of a volume with content."""
    key = f"drill-{uuid.uuid4().hex}"
    volume = world.operator.new_volume(world.alice)
    with running_volumes(root).content(volume).open("r+b") as file:
        file.write(CONTENT)
    world.operator.new_server(world.alice, volume, **{key: "true"})
    engine = new_database(tmp_path_factory.mktemp("database"))
    clock = SharedClock(lambda: datetime.now(timezone.utc), time.monotonic)
    made = VolumeRegion(world.backups(tuning=TUNING), engine, clock, VolumeSettings(backup_metadata_key=key, settle=1))
    events: list[VolumeEvent] = []
    with made.cycles(events.append, time.sleep) as cycle:
        cycle.run(CycleOrder())
    assert [record.state for record in made.store.records()] == [RecordState.GOOD], events
    return made


def drilled(region: VolumeRegion, emit: Callable[[VolumeEvent], None], wait: Callable[[float], None]) -> None:
    """Do one drill."""
    with ProjectLeases(region.engine, region.cloud.region, str(uuid.uuid4())) as leases:
        drill_backups(region, leases, emit, wait, 1)


def drills(region: VolumeRegion) -> list[DrillRecord]:
    return DrillStore(region.engine, region.cloud.region).all()


def temporary(region: VolumeRegion) -> list[str]:
    """The temporary volumes that are there."""
    listing = region.cloud.volumes(region.cloud.account().project_id)
    return [volume.id for volume in listing.items if volume.name.startswith("glancesync-drill-")]


def test_the_restored_bytes_are_those_of_the_volume(region: VolumeRegion, content: Callable[[str], bytes]) -> None:
    restored: list[bytes] = []
    events: list[VolumeEvent] = []

    def emit(event: VolumeEvent) -> None:
        events.append(event)
        if isinstance(event, DrillEnded):
            restored.append(content(event.drill.temporary_id or ""))

    drilled(region, emit, time.sleep)
    assert [drill.state for drill in drills(region)] == [DrillState.GOOD], events
    assert restored == [CONTENT]
    assert isinstance(events[-1], TemporaryVolumeGone)
    assert temporary(region) == []


@pytest.mark.parametrize("state", [pytest.param(DrillState.CREATING, marks=pytest.mark.slow), DrillState.RESTORING])
def test_what_a_killed_drill_left_is_removed_by_the_next_cycles(region: VolumeRegion, state: DrillState) -> None:
    def die(seconds: float) -> None:
        if drills(region)[-1].state is state:
            raise Killed
        time.sleep(seconds)

    with pytest.raises(Killed):
        drilled(region, lambda event: None, die)
    assert len(temporary(region)) == 1
    with region.engine.begin() as connection:
        connection.execute(update(lease_table).values(expires=0.0))
    events: list[VolumeEvent] = []
    limit = time.monotonic() + PATIENCE_SECONDS
    while drills(region)[-1].removed is None:
        assert time.monotonic() < limit, events
        with region.cycles(events.append, time.sleep) as cycle:
            cycle.run(CycleOrder())
        time.sleep(1)
    assert sum(isinstance(event, DrillInterrupted) for event in events) == 1
    assert temporary(region) == []
    assert drills(region)[-1].state is DrillState.UNDECIDED
