"""Removes the temporary volumes of restore drills: exactly those that the rows of drills name (volumes 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from ...base.errors import CloudError, LeaseLost
from ...locks.lease_group import HeldLease
from ...openstack.request_outcome import Accepted, Refusal, Refused
from ..backup_cloud import BackupCloud
from ..drill_model import DrillRecord, DrillState
from ..state.drill_store import DrillChanges
from ..volume_events import DrillInterrupted, EmitVolume, TemporaryVolumeGone, TemporaryVolumeLeft

DELETING = "deleting"
REMOVABLE = frozenset({"available", "error", "error_restoring"})
"""Statuses in which Cinder removes a volume."""

POLL_SECONDS = 5.0
"""Seconds between two looks at a temporary volume."""

REMOVE_SECONDS = 600
"""Seconds for which the removal of a temporary volume is waited for; a later drill looks again."""

INTERRUPTED = "the drill was interrupted"


@dataclass(frozen=True)
class DrillStep:
    """What the parts of a drill have in common.

    :param lease: for drills in the region
    :param emit: takes what happens
    :param now: the present moment by the database's clock
    :param settle: seconds after which Cinder does certainly not begin with what was requested
    """

    cloud: BackupCloud
    changes: DrillChanges
    lease: HeldLease
    emit: EmitVolume
    now: Callable[[], datetime]
    settle: int

    def check_request(self) -> None:
        """Make sure that a request ends before another drill can begin.

        :raises LeaseLost: it may not; nothing may be sent
        """
        if not self.lease.outlives(self.cloud.request_seconds):
            raise LeaseLost("the lease of drills may end before a request has its answer")

    def record_end(self, drill: DrillRecord, state: DrillState, reason: str) -> DrillRecord:
        """Write down an outcome; returns the drill with it."""
        finished = self.now()
        self.changes.ended(drill.id, state, finished, reason)
        return replace(drill, state=state, finished=finished, reason=reason)


class Removal(Enum):
    """What came of an attempt to remove a temporary volume."""

    GONE = "gone"
    """It is certainly not there."""

    GOING = "going"
    """Cinder removes it."""

    LEFT = "left"
    """It stays for now; the reason has been emitted."""


class TemporaryVolumes(DrillStep):
    """Removes temporary volumes.

    Every method raises :class:`~fiwareglancesync.base.errors.LeaseLost` when another drill has begun.
    """

    def finish(self, drill: DrillRecord, wait: Callable[[float], None]) -> bool:
        """Remove the temporary volume of a drill that nobody carries out any more, and wait until it is gone.

        :param wait: waits for so many seconds; what it raises ends the drill
        :return: whether it is gone
        """
        begun = self.now()
        while True:
            drill, removal = self.clear(drill)
            if removal is not Removal.GOING:
                return removal is Removal.GONE
            if self.now() - begun > timedelta(seconds=REMOVE_SECONDS):
                self._left(drill, "Cinder is still removing it")
                return False
            wait(POLL_SECONDS)

    def clear(self, drill: DrillRecord) -> tuple[DrillRecord, Removal]:
        """Bring a drill that nobody carries out any more one step further to its end.

        :return: the drill as it is recorded now, and how it is with its temporary volume
        """
        try:
            if drill.temporary_id is None:
                found = self._find(drill)
                if found is None:
                    return drill, Removal.LEFT
                drill = found
            if not drill.state.has_ended:
                drill = self.record_end(drill, DrillState.UNDECIDED, INTERRUPTED)
                self.emit(DrillInterrupted(drill))
            return drill, self._remove(drill)
        except CloudError as error:
            return drill, self._left(drill, str(error))

    def _find(self, drill: DrillRecord) -> DrillRecord | None:
        """Look for the temporary volume of a drill of which the id is not known.

        :return: the drill, with the id if the volume is there; None when that is not known yet
        """
        begun = self.now()
        listing = self.cloud.volumes(drill.own_project_id)
        found = [volume.id for volume in listing.items if drill.is_of(volume)]
        if len(found) == 1:
            self.changes.made(drill.id, found[0])
            return replace(drill, temporary_id=found[0])
        if found:
            self._left(drill, f"several volumes carry its name: {', '.join(found)}; remove all but one")
        elif not listing.is_whole:
            self._left(drill, f"the listing of volumes is not whole: {listing.reason}")
        elif begun <= drill.begun + timedelta(seconds=self.settle):
            self._left(drill, "it is not known yet whether Cinder makes it")
        else:
            return drill
        return None

    def _remove(self, drill: DrillRecord) -> Removal:
        """Request the removal of a temporary volume, unless it is gone or being removed."""
        volume = None if drill.temporary_id is None else self.cloud.volume(drill.temporary_id)
        if volume is None:
            return self._gone(drill)
        if not drill.is_of(volume):
            why = f"it is not named {drill.temporary_name} in the project of the account any more; remove it yourself"
            return self._left(drill, why)
        if volume.status == DELETING:
            return Removal.GOING
        if volume.status not in REMOVABLE:
            return self._left(drill, f"its status is {volume.status}")
        outcome = self.cloud.delete_volume(volume.id, check=self.check_request)
        if isinstance(outcome, Refused) and outcome.refusal is Refusal.NOT_FOUND:
            return self._gone(drill)
        return Removal.GOING if isinstance(outcome, Accepted) else self._left(drill, outcome.text)

    def _gone(self, drill: DrillRecord) -> Removal:
        self.changes.removed(drill.id)
        if drill.temporary_id is not None:
            self.emit(TemporaryVolumeGone(drill))
        return Removal.GONE

    def _left(self, drill: DrillRecord, why: str) -> Removal:
        self.emit(TemporaryVolumeLeft(drill, why))
        return Removal.LEFT
