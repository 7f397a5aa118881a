"""Cycles of volume backups on a cloud of stand-ins, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.volumes.cycle_order import CycleOrder
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from fiwareglancesync.volumes.shared_clock import SharedClock
from fiwareglancesync.volumes.volume_cycle import VolumeCycle
from fiwareglancesync.volumes.volume_events import VolumeEvent
from fiwareglancesync.volumes.volume_model import BackupRecord, VolumeSettings
from fiwareglancesync.volumes.volume_region import VolumeRegion
from tests.support.stand_ins.cloud_stand_in import REGION, CloudStandIn

QUICK = Tuning(connect=2.0, control=2.0, attempts=1)
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

    def records(self) -> list[BackupRecord]:
        """The records, the oldest due time first."""
        return sorted(self.region.store.records(), key=lambda record: (record.due, record.volume_id))

    def pass_time(self, **time: float) -> None:
        """Let time pass for the cycles; the cloud's clock stays."""
        self.later += timedelta(**time)

    def _wait(self, seconds: float) -> None:
        self.waited += seconds


def new_database(folder: Path) -> Engine:
    """A new database with all tables."""
    engine = open_engine(f"sqlite:///{folder}/volumes.db")
    metadata.create_all(engine)
    return engine
