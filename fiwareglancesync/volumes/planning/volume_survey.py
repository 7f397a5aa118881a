"""How well the volumes of a region are protected, read from Cinder, for people and for monitoring (volumes 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.severity import Severity
from ...openstack.cloud_model import Server
from ..drill_model import DrillRecord, DrillState
from ..volume_model import BackupRecord, VolumeSettings
from .volume_inventory import VolumeInventory
from .volume_plan import plan_volumes
from .volume_status import Protection, VolumeStatus, volume_statuses

CRITICAL = frozenset({Protection.FAILING, Protection.UNRESTORABLE})
"""Verdicts that are critical: the others that are not ok are warnings."""


@dataclass(frozen=True, slots=True)
class VolumeSurvey:
    """How well the volumes of a region are protected.

    :param volumes: those of marked servers
    :param unprotected: servers without the mark
    :param project_names: ``domain/name`` by id, of projects that are gone too
    :param problems: what somebody has to know besides
    """

    volumes: Sequence[VolumeStatus]
    unprotected: Sequence[Server]
    inventory: VolumeInventory
    project_names: Mapping[str, str]
    problems: Sequence[str]
    moment: datetime

    @property
    def counts(self) -> Counter[Protection]:
        """How many volumes have each verdict."""
        return Counter(status.protection for status in self.volumes)

    @property
    def drills(self) -> Counter[DrillState | None]:
        """How many volumes have each outcome of their last drill, None without one."""
        return Counter(None if status.last_drill is None else status.last_drill.state for status in self.volumes)

    def last_drill(self) -> datetime | None:
        """When the last drill of one of the volumes ended, None for none."""
        drills = (status.last_drill for status in self.volumes)
        return max((drill.finished for drill in drills if drill is not None and drill.finished), default=None)

    @property
    def severity(self) -> Severity:
        """What monitoring is to make of it."""
        if self.inventory.why_incomplete:
            return Severity.UNKNOWN
        if any(status.protection in CRITICAL for status in self.volumes) or not self.inventory.backup_hosts:
            return Severity.CRITICAL
        is_well = all(status.protection is Protection.OK for status in self.volumes)
        return Severity.OK if is_well else Severity.WARNING

    @property
    def is_well(self) -> bool:
        """Whether every volume is ok, and everything was read."""
        return self.severity is Severity.OK

    def oldest(self) -> float | None:
        """Seconds since the end of the oldest of the last good backups, None when there is none."""
        ends = [status.last_good.finished for status in self.volumes if status.last_good is not None]
        return max(((self.moment - end).total_seconds() for end in ends if end is not None), default=None)


def survey(
    inventory: VolumeInventory,
    records: Sequence[BackupRecord],
    settings: VolumeSettings,
    now: datetime,
    drills: Sequence[DrillRecord] = (),
) -> VolumeSurvey:
    """Judge the volumes of a region.

    :param records: all that have not been removed
    :param now: in UTC
    :param drills: what restore drills of their backups found
    """
    plan = plan_volumes(inventory, records, settings, now)
    volumes = volume_statuses(inventory, records, plan.marked, settings, now, drills)
    names = inventory.project_names(records)
    return VolumeSurvey(volumes, plan.unprotected, inventory, names, tuple(_problems(inventory)), now)


def _problems(inventory: VolumeInventory) -> Iterator[str]:
    if inventory.why_incomplete:
        yield inventory.why_incomplete
    if not inventory.backup_hosts:
        yield "no cinder-backup service is up"
