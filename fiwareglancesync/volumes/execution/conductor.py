"""Does one cycle after the other, until something ends it (volumes 4). Several conductors share the work by leases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ...base.errors import CloudError, DatabaseUnavailable
from ..state.shared_clock import SharedClock
from ..volume_events import EmitVolume, Problem
from ..volume_model import VolumeSettings
from .cycle_order import CycleOrder
from .volume_cycle import VolumeCycle

TAKE_OVER_SECONDS = 20.0
"""Seconds between two looks whether another conductor has left its projects: its leases end within a minute."""


class Conductor:
    """Keeps the backups of one region going.

    :param clock: of the database
    :param emit: takes what happens
    :param wait: waits for so many seconds; what it raises ends the conductor
    :param after_cycle: called after each cycle, done or not, with the present moment: digests and mails
    """

    def __init__(
        self,
        cycle: VolumeCycle,
        settings: VolumeSettings,
        clock: SharedClock,
        emit: EmitVolume,
        wait: Callable[[float], None],
        after_cycle: Callable[[datetime], None],
    ) -> None:
        self._cycle = cycle
        self._settings = settings
        self._clock = clock
        self._emit = emit
        self._wait = wait
        self._after_cycle = after_cycle

    def run(self) -> None:
        """Do cycles for ever; what a cycle cannot do is reported, and the next one tries it again."""
        while True:
            next_cycle = self._clock.seconds() + self._settings.cycle
            self._attempt(self._one_cycle)
            # The digest also says that no cycle ends, and mails wait that have nothing to do with the cloud.
            self._attempt(lambda: self._after_cycle(self._clock.now()))
            self._wait_until(next_cycle)

    def _one_cycle(self) -> None:
        self._clock.synchronise()
        self._cycle.run(CycleOrder(seconds=self._settings.cycle))

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do something, and report what makes it fail."""
        try:
            action()
        except (CloudError, DatabaseUnavailable) as error:
            self._emit(Problem("", str(error)))

    def _wait_until(self, moment: float) -> None:
        """Wait for the next cycle, which begins earlier when another conductor has left projects.

        :param moment: by the clock that is never set
        """
        while (left := moment - self._clock.seconds()) > 0:
            self._wait(min(left, TAKE_OVER_SECONDS))
            try:
                if self._cycle.take_over():
                    return
            except DatabaseUnavailable as error:
                self._emit(Problem("", str(error)))
