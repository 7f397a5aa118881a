"""One call of ``glancesync volumes drill``: removes what was left, chooses backups, drills one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..base.errors import GlanceSyncError
from .drill_model import DrillState
from .execution.drill_leftovers import temporary_volumes
from .execution.volume_drill import VolumeDrill
from .planning.drill_plan import plan_drills
from .state.drill_store import DrillStore
from .state.project_leases import ProjectLeases
from .volume_events import (
    DrillEnded,
    DrillPostponed,
    DrillsChosen,
    EmitVolume,
    Problem,
    TemporaryVolumeLeft,
    VolumeEvent,
)
from .volume_model import DAY
from .volume_region import VolumeRegion

KEPT_SECONDS = 365 * DAY
"""Seconds for which drills are remembered."""


class DrillBusy(GlanceSyncError):
    """Another drill goes on in the region."""


@dataclass
class DrillCounts:
    """What came of drills."""

    good: int = 0
    failed: int = 0
    undecided: int = 0
    postponed: int = 0
    left: int = 0
    problems: int = 0

    def __call__(self, event: VolumeEvent) -> None:
        """Count an event."""
        match event:
            case DrillEnded(drill):
                match drill.state:
                    case DrillState.GOOD:
                        self.good += 1
                    case DrillState.FAILED:
                        self.failed += 1
                    case _:
                        self.undecided += 1
            case DrillPostponed():
                self.postponed += 1
            case TemporaryVolumeLeft():
                self.left += 1
            case Problem(is_failure=True):
                self.problems += 1

    @property
    def has_failed(self) -> bool:
        """Whether the exit code is 1: also when nothing was drilled, which proves nothing."""
        return bool(self.failed or self.undecided or self.left or self.problems or not self.good)


def drill_backups(
    region: VolumeRegion, leases: ProjectLeases, emit: EmitVolume, wait: Callable[[float], None], sample: int
) -> None:
    """Drill the backups of a region.

    :param emit: takes what happens
    :param wait: waits for so many seconds; what it raises ends the drill
    :param sample: how many backups are drilled
    :raises DrillBusy: another drill goes on
    :raises CloudError: the region cannot be read
    :raises LeaseLost: another drill has begun; it removes what was made
    :raises DatabaseUnavailable: the database cannot be used
    """
    lease = leases.take_drill()
    if lease is None:
        raise DrillBusy(f"another drill goes on in region {region.cloud.region}; try again when it has ended")
    drills = DrillStore(region.engine, region.cloud.region)
    inventory = region.inventory()
    region.store.claim(inventory.account.user_id)
    temporary = temporary_volumes(region.cloud, region.engine, lease, region.settings, emit, region.clock.now)
    left = frozenset(drill.id for drill in drills.unfinished())
    for drill in drills.unfinished():
        replace(temporary, emit=_unless_left(emit)).clear(drill)
    if inventory.why_incomplete:
        emit(Problem("", f"nothing is drilled: {inventory.why_incomplete}"))
    elif not inventory.backup_hosts:
        emit(Problem("", "no cinder-backup service is up: nothing is drilled"))
    else:
        now = region.clock.now()
        plan = plan_drills(inventory, region.store.records(), drills.all(), region.settings, now, sample)
        emit(DrillsChosen(region.cloud.region, len(plan.chosen), plan.possible, len(plan.later)))
        drilling = VolumeDrill(
            region.cloud, temporary.changes, lease, emit, region.clock.now, region.settings.settle, region.store,
            drills, inventory, region.settings, wait,
        )  # fmt: skip
        for candidate in plan.chosen:
            drilling.run(candidate)
    for drill in drills.unfinished():
        if drill.id in left:
            temporary.finish(drill, wait)
    drills.drop_old(KEPT_SECONDS)


def _unless_left(emit: EmitVolume) -> EmitVolume:
    """Pass everything on but what is looked at again when the drills of this call have ended."""

    def emit_others(event: VolumeEvent) -> None:
        if not isinstance(event, TemporaryVolumeLeft):
            emit(event)

    return emit_others
