"""A restore drill: one backup is restored into a temporary volume, which is removed afterwards (volumes 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ..openstack.cloud_model import Volume

DRILL_KEY = "glancesync_drill"
"""Metadata item of a temporary volume: the id of its drill. Cinder replaces it when it restores a backup."""


class DrillState(Enum):
    """How far a drill has come.

    ``CREATING`` is committed before the temporary volume is requested, ``RESTORING`` before the restore is.
    """

    CREATING = "creating"
    RESTORING = "restoring"
    GOOD = "good"
    """Cinder restored the backup."""

    FAILED = "failed"
    """Cinder did not restore it, or not wholly."""

    UNDECIDED = "undecided"
    """It came to no end, for a reason that says nothing of the backup."""

    @property
    def has_ended(self) -> bool:
        """Whether its outcome is known."""
        return self not in (DrillState.CREATING, DrillState.RESTORING)


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """One drill.

    :param id: our UUID, which is in the name and the metadata of the temporary volume
    :param project_id: of the backup
    :param backup_id: Cinder's id
    :param backup_name: the name that Cinder has
    :param size: of the backup's volume then, in GiB
    :param own_project_id: the account's project, which the temporary volume is in
    :param begun: just before the temporary volume was requested
    :param temporary_id: of the temporary volume, None until it is known
    :param finished: when the outcome was seen
    :param reason: why it is not good
    :param removed: when the temporary volume was seen to be gone, or it was certain that there is none
    """

    id: str
    project_id: str
    project_name: str
    server_name: str
    volume_id: str
    volume_name: str
    backup_id: str
    backup_name: str
    size: int
    own_project_id: str
    begun: datetime
    state: DrillState = DrillState.CREATING
    temporary_id: str | None = None
    finished: datetime | None = None
    reason: str = ""
    removed: datetime | None = None

    @property
    def temporary_name(self) -> str:
        """The name of the temporary volume."""
        return f"glancesync-drill-{self.id}"

    def is_of(self, volume: Volume) -> bool:
        """Whether a volume is certainly the temporary volume of this drill; no other may be removed.

        A restore replaces the metadata of a volume, and keeps its name. As long as the id is not known, nothing has
        been restored, so the metadata has to be there.

        :param volume: as Cinder shows it now
        """
        if volume.project_id != self.own_project_id or volume.name != self.temporary_name:
            return False
        if self.temporary_id is None:
            return volume.metadata.get(DRILL_KEY) == self.id
        return volume.id == self.temporary_id


def decided_drills(drills: Iterable[DrillRecord]) -> Mapping[str, Sequence[DrillRecord]]:
    """The drills that say whether a backup can be restored, by the id of the volume."""
    found: dict[str, list[DrillRecord]] = {}
    for drill in drills:
        if drill.state in (DrillState.GOOD, DrillState.FAILED):
            found.setdefault(drill.volume_id, []).append(drill)
    return found
