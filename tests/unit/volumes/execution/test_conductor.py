"""A conductor does one cycle after the other, whatever happens to the clock of the database (volumes 4)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import cast

import pytest

from fiwareglancesync.base.errors import DatabaseUnavailable, Unreachable
from fiwareglancesync.volumes.execution.conductor import Conductor
from fiwareglancesync.volumes.execution.cycle_order import CycleOrder
from fiwareglancesync.volumes.execution.volume_cycle import VolumeCycle
from fiwareglancesync.volumes.state.shared_clock import SharedClock
from fiwareglancesync.volumes.volume_events import Problem, VolumeEvent
from fiwareglancesync.volumes.volume_model import VolumeSettings

NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)


class Ended(Exception):
    """The test has seen enough."""


class World:
    """A machine, whose monotonic clock goes on while a conductor waits, and a database whose clock can be set.

    :param set_by: what the database's clock is set by during the first cycle
    """

    def __init__(self, set_by: timedelta) -> None:
        self.seconds = 0.0
        self.cycles: list[float] = []
        self._set_by = set_by
        self._ahead = timedelta()

    def database_time(self) -> datetime:
        return NOON + self._ahead + timedelta(seconds=self.seconds)

    def run(self, order: CycleOrder) -> None:
        """A cycle."""
        self.cycles.append(self.seconds)
        self._ahead = self._set_by
        if len(self.cycles) == 4:
            raise Ended

    def take_over(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        if self.seconds > 86_400:
            raise Ended


@pytest.mark.parametrize("days", [-365, -1, 0, 1, 365])
def test_cycles_follow_each_other_when_the_clock_of_the_database_is_set(days: int) -> None:
    world = World(timedelta(days=days))
    clock = SharedClock(world.database_time, lambda: world.seconds)
    cycle = cast(VolumeCycle, world)
    conductor = Conductor(cycle, VolumeSettings(), clock, lambda event: None, world.wait, lambda now: None)
    with pytest.raises(Ended):
        conductor.run()
    assert world.cycles == pytest.approx([0, 600, 1200, 1800], abs=30)


def test_digests_are_made_and_mails_sent_while_the_cloud_is_away() -> None:
    world = World(timedelta())
    clock = SharedClock(world.database_time, lambda: world.seconds)
    reported: list[float] = []
    problems: list[VolumeEvent] = []

    def fail(order: CycleOrder) -> None:
        world.run(order)
        raise Unreachable("Cinder does not answer")

    cycle = cast(VolumeCycle, SimpleNamespace(run=fail, take_over=world.take_over))

    def report(now: datetime) -> None:
        reported.append(world.seconds)
        raise DatabaseUnavailable("the database cannot be used")

    with pytest.raises(Ended):
        Conductor(cycle, VolumeSettings(), clock, problems.append, world.wait, report).run()
    assert reported == pytest.approx([0, 600, 1200], abs=30)
    texts = ["Cinder does not answer", "the database cannot be used"]
    assert [event.text for event in problems if isinstance(event, Problem)] == texts * 3
