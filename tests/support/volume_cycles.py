"""Cycles of volume backups on a cloud of stand-ins, with a clock that tests move."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.volumes.drill_model import DrillRecord
from fiwareglancesync.volumes.drill_run import drill_backups
from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.execution.volume_cycle import VolumeCycle
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.state.drill_store import DrillStore
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.shared_clock import SharedClock
from fiwareglancesync.volumes.volume_events import VolumeEvent
from fiwareglancesync.volumes.volume_model import BackupRecord, VolumeSettings
from fiwareglancesync.volumes.volume_region import VolumeRegion
from tests.support.stand_ins.cloud_stand_in import REGION, CloudStandIn

QUICK = Tuning(connect=20.0, control=20.0, attempts=1)
"""A request may last much less than a lease of 90 s: else none is sent."""

USUAL = CycleOrder()


class _MovedClock(SharedClock):
    """A clock that a test moves."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        super().__init__(read)
        self.now = read  # type: ignore[method-assign]


class CycleBench:
    """Does cycles in the region of a cloud, and keeps what happens.

    :param settings: of the volumes
    """

    def __init__(self, cloud: CloudStandIn, engine: Engine, settings: VolumeSettings) -> None:
        self.cloud = cloud
        self.engine = engine
        self.settings = settings
        self.events: list[VolumeEvent] = []
        self.later = timedelta()
        self.waited = 0.0
        self.when_waiting: Callable[[], None] = lambda: None
        self.wait: Callable[[float], None] = self._let_pass
        backups = OpenStackBackups(cloud.credential(), REGION, tuning=QUICK, clock=self.now)
        self.region = VolumeRegion(backups, engine, _MovedClock(self.now), settings)

    def now(self) -> datetime:
        """The present moment of the cycles: that of this machine, and what the test has let pass."""
        return datetime.now(timezone.utc) + self.later

    def cycle(self, order: CycleOrder = USUAL) -> list[VolumeEvent]:
        """Do one cycle as one call of ``run`` does it, and return what happened."""
        with self.cycles() as cycle:
            return self.done(cycle, order)

    @contextmanager
    def cycles(self) -> Iterator[VolumeCycle]:
        """For several cycles under the same leases, as a conductor does them."""
        with self.region.cycles(self.events.append, self._wait) as cycle:
            yield cycle

    def done(self, cycle: VolumeCycle, order: CycleOrder = USUAL) -> list[VolumeEvent]:
        """Do a cycle, and return what happened."""
        del self.events[:]
        cycle.run(order)
        return list(self.events)

    def drill(self, sample: int = 1) -> list[VolumeEvent]:
        """Do one call of ``drill``, and return what happened."""
        del self.events[:]
        with ProjectLeases(self.engine, REGION, str(uuid.uuid4())) as leases:
            drill_backups(self.region, leases, self.events.append, self.wait, sample)
        return list(self.events)

    def drills(self) -> list[DrillRecord]:
        """The drills, the oldest first."""
        return DrillStore(self.engine, REGION).all()

    def records(self) -> list[BackupRecord]:
        """The records, the oldest due time first."""
        return sorted(self.region.store.records(), key=lambda record: (record.due, record.volume_id))

    def pass_time(self, **time: float) -> None:
        """Let time pass for the cycles; the cloud's clock stays."""
        self.later += timedelta(**time)

    def _let_pass(self, seconds: float) -> None:
        """Wait for a drill: what never ends runs into its time limit."""
        self.pass_time(seconds=seconds)

    def _wait(self, seconds: float) -> None:
        self.waited += seconds
        self.when_waiting()


def new_database(folder: Path) -> Engine:
    """A new database with all tables."""
    engine = open_engine(f"sqlite:///{folder}/volumes.db")
    metadata.create_all(engine)
    return engine
