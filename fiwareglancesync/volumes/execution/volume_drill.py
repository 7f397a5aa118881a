"""Carries restore drills out: row, temporary volume, restore, check, removal, in this order (volumes 1.3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from ...base.errors import CloudError
from ...base.units import duration
from ...openstack.cloud_model import Volume
from ...openstack.request_outcome import Accepted, Refusal, Refused
from ..backup_cloud import NewVolume
from ..drill_model import DRILL_KEY, DrillRecord, DrillState
from ..planning.backup_chain import CinderStatus
from ..planning.backup_limits import Candidate, RunningBackup, choose, most_running
from ..planning.drill_plan import DrillCandidate
from ..planning.volume_inventory import VolumeInventory
from ..state.drill_store import DrillStore
from ..state.volume_store import VolumeStore
from ..volume_events import DrillEnded, DrillPostponed, RestoreRequested, TemporaryVolumeLeft
from ..volume_model import VolumeSettings
from .temporary_volumes import POLL_SECONDS, DrillStep, TemporaryVolumes

MAKE_SECONDS = 1800
"""Seconds that Cinder may take to make an empty volume."""

SILENT_SECONDS = 600
"""Seconds without an answer of Cinder after which a drill is given up."""

NOT_OF_THE_BACKUP = frozenset({Refusal.FOR_NOW, Refusal.UNAUTHORIZED, Refusal.FORBIDDEN, Refusal.QUOTA})
"""Refusals of a restore that say nothing of the backup."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a drill ends."""

    state: DrillState
    reason: str = ""


@dataclass(frozen=True)
class VolumeDrill(DrillStep):
    """Drills one backup after the other.

    :param inventory: read after the lease was taken
    :param wait: waits for so many seconds; what it raises ends the drill
    """

    store: VolumeStore
    drills: DrillStore
    inventory: VolumeInventory
    settings: VolumeSettings
    wait: Callable[[float], None]

    @cached_property
    def temporary(self) -> TemporaryVolumes:
        """What removes temporary volumes."""
        return TemporaryVolumes(self.cloud, self.changes, self.lease, self.emit, self.now, self.settle)

    def run(self, candidate: DrillCandidate) -> None:
        """Drill one backup, as soon as the limits permit it.

        :raises LeaseLost: another drill has begun; what was made is removed by it
        :raises DatabaseUnavailable: the database cannot be used; what was made is removed by a later drill
        """
        drill = self._begin(candidate)
        if drill is None:
            return
        drill, end = self._make_volume(candidate, drill)
        if end is None:
            end = self._restore(candidate, drill)
        drill = self.record_end(drill, end.state, end.reason)
        self.emit(DrillEnded(drill))
        if drill.temporary_id is not None:
            self.temporary.finish(drill, self.wait)
        elif drill.removed is not None:
            self.changes.removed(drill.id)

    def _begin(self, candidate: DrillCandidate) -> DrillRecord | None:
        """Write the row, when the limits permit a drill; None when the backup must not be drilled any more."""
        limit = self.now() + timedelta(seconds=self.settings.timeout_of(candidate.record.size))
        while True:
            why = self._why_not(candidate)
            if not why and self._is_free(candidate):
                drill = self._new_drill(candidate)
                if self.changes.begin(drill, most_running(self.inventory.backup_hosts, self.settings)):
                    return drill
            if not why and self.now() > limit:
                why = "as many backups as permitted are being made all the time"
            if why:
                self.emit(DrillPostponed(candidate.record, why))
                return None
            self.wait(POLL_SECONDS)

    def _why_not(self, candidate: DrillCandidate) -> str:
        """Why the backup must not be drilled now, as the database and Cinder say, "" when it may."""
        record = candidate.record
        why = candidate.why_later(self.now())
        if why:
            return why
        if any(each.volume_id == record.volume_id for each in self.store.unfinished(record.project_id)):
            return "a backup of the volume is being made"
        try:
            backup = self.cloud.backup(record.backup_id or "")
        except CloudError as error:
            return str(error)
        if backup is None:
            return "the backup is gone"
        return "" if backup.status == CinderStatus.AVAILABLE else f"the backup is {backup.status}"

    def _is_free(self, candidate: DrillCandidate) -> bool:
        """Whether a restore may begin beside the backups that are being made, as if it were one of them."""
        running = [RunningBackup(record.project_id) for record in self.store.unfinished() if record.is_in_progress]
        running += [RunningBackup(drill.project_id) for drill in self.drills.unfinished() if not drill.state.has_ended]
        record = candidate.record
        wanted = Candidate(record.volume_id, record.project_id, record.due)
        return bool(choose([wanted], running, self.inventory.backup_hosts, self.settings).begins)

    def _new_drill(self, candidate: DrillCandidate) -> DrillRecord:
        record = candidate.record
        return DrillRecord(
            id=str(uuid.uuid4()),
            project_id=record.project_id,
            project_name=record.project_name,
            server_name=record.server_name or record.server_id,
            volume_id=record.volume_id,
            volume_name=record.volume_name or record.volume_id,
            backup_id=record.backup_id or "",
            backup_name=record.name,
            size=record.size,
            own_project_id=self.inventory.account.project_id,
            begun=self.now(),
        )

    def _make_volume(self, candidate: DrillCandidate, drill: DrillRecord) -> tuple[DrillRecord, _End | None]:
        """Have Cinder make the temporary volume; the second value is how the drill ends without one."""
        wanted = NewVolume(drill.temporary_name, drill.size, {DRILL_KEY: drill.id}, candidate.volume_type)
        failed = "no temporary volume"
        try:
            outcome = self.cloud.create_volume(wanted, check=self.check_request)
        except CloudError as error:  # nothing was sent
            return self._end_without_volume(drill, f"{failed}: {error}")
        if isinstance(outcome, Refused):
            return self._end_without_volume(drill, f"{failed}: {outcome.text}")
        if not isinstance(outcome, Accepted):
            self.emit(TemporaryVolumeLeft(drill, "it is not known whether Cinder makes it"))
            return drill, _End(DrillState.UNDECIDED, f"{failed}: {outcome.text}")
        self.changes.made(drill.id, outcome.id)
        drill = replace(drill, temporary_id=outcome.id)
        volume, why = self._watch(drill, frozenset({CinderStatus.CREATING.value}), MAKE_SECONDS)
        if volume is None or volume.status != CinderStatus.AVAILABLE:
            return drill, _End(DrillState.UNDECIDED, f"{failed}: {why or 'it is gone'}")
        return drill, None

    def _restore(self, candidate: DrillCandidate, drill: DrillRecord) -> _End:
        """Have Cinder restore the backup, wait for it, and check what came of it."""
        why = self._why_not(candidate)
        if why:
            return _End(DrillState.UNDECIDED, why)
        self.changes.restoring(drill.id)
        try:
            outcome = self.cloud.restore(drill.backup_id, drill.temporary_id or "", check=self.check_request)
        except CloudError as error:  # nothing was sent
            return _End(DrillState.UNDECIDED, str(error))
        if isinstance(outcome, Refused):
            return self._refused(drill, outcome)
        if not isinstance(outcome, Accepted):
            return _End(DrillState.UNDECIDED, outcome.text)
        self.emit(RestoreRequested(drill))
        volume, why = self._watch(drill, frozenset({"restoring-backup"}), self.settings.timeout_of(drill.size))
        if volume is None:
            return _End(DrillState.UNDECIDED, why or "somebody removed the temporary volume")
        return self._judge(drill, volume, why)

    def _refused(self, drill: DrillRecord, outcome: Refused) -> _End:
        """How a drill ends when Cinder does not begin to restore."""
        is_of_backup = outcome.refusal not in NOT_OF_THE_BACKUP
        if outcome.refusal is Refusal.REJECTED:
            try:
                backup = self.cloud.backup(drill.backup_id)
            except CloudError as error:
                return _End(DrillState.UNDECIDED, f"{outcome.text}; {error}")
            # Somebody else may restore or remove it at this moment.
            is_of_backup = backup is not None and backup.status == CinderStatus.AVAILABLE
        return _End(DrillState.FAILED if is_of_backup else DrillState.UNDECIDED, outcome.text)

    def _judge(self, drill: DrillRecord, volume: Volume, why: str) -> _End:
        """Check a temporary volume in which Cinder has stopped to write."""
        if why:
            return _End(DrillState.FAILED, why)
        if volume.size < drill.size:
            return _End(DrillState.FAILED, f"the restored volume has {volume.size} GiB instead of {drill.size} GiB")
        try:
            backup = self.cloud.backup(drill.backup_id)
        except CloudError as error:
            return _End(DrillState.UNDECIDED, f"the volume is restored, and the backup cannot be read: {error}")
        if backup is None or backup.status not in (CinderStatus.AVAILABLE, CinderStatus.RESTORING):
            status = "gone" if backup is None else backup.status
            return _End(DrillState.FAILED, f"the volume is restored, and the backup is {status} afterwards")
        return _End(DrillState.GOOD)

    def _watch(self, drill: DrillRecord, passing: frozenset[str], seconds: float) -> tuple[Volume | None, str]:
        """Wait until a temporary volume has no passing status any more.

        :param passing: its statuses until then
        :param seconds: how long that may take
        :return: the volume, None when it is gone or Cinder does not answer; and what is wrong, "" for nothing
        """
        begun = answered = self.now()
        while True:
            self.wait(POLL_SECONDS)
            now = self.now()
            try:
                volume = self.cloud.volume(drill.temporary_id or "")
            except CloudError as error:
                if now - answered > timedelta(seconds=SILENT_SECONDS):
                    return None, str(error)
                continue
            answered = now
            if volume is None or volume.status == CinderStatus.AVAILABLE:
                return volume, ""
            if volume.status not in passing:
                return volume, f"Cinder reports the temporary volume as {volume.status}"
            if now - begun > timedelta(seconds=seconds):
                return volume, f"the temporary volume has been {volume.status} for more than {duration(seconds)}"

    def _end_without_volume(self, drill: DrillRecord, reason: str) -> tuple[DrillRecord, _End]:
        """End a drill for which Cinder certainly made nothing."""
        return replace(drill, removed=self.now()), _End(DrillState.UNDECIDED, reason)
