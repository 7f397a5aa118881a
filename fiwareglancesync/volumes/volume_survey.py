"""How well the volumes of a region are protected, read from Cinder, for people and for monitoring (volumes 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ..openstack.cloud_model import Server
from .volume_inventory import VolumeInventory
from .volume_model import BackupRecord, VolumeSettings
from .volume_plan import plan_volumes
from .volume_status import Protection, VolumeStatus, volume_statuses


class Severity(Enum):
    """The exit codes of a plugin of Nagios."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


CRITICAL = frozenset({Protection.FAILING, Protection.UNRESTORABLE})
"""Verdicts that are critical: the others that are not ok are warnings."""


@dataclass(frozen=True, slots=True)
class VolumeSurvey:
    """How well the volumes of a region are protected.

    :param volumes: those of marked servers
    :param unprotected: servers without the mark
    :param problems: what somebody has to know besides
    """

    volumes: Sequence[VolumeStatus]
    unprotected: Sequence[Server]
    inventory: VolumeInventory
    problems: Sequence[str]
    moment: datetime

    @property
    def counts(self) -> Counter[Protection]:
        """How many volumes have each verdict."""
        return Counter(status.protection for status in self.volumes)

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
    inventory: VolumeInventory, records: Sequence[BackupRecord], settings: VolumeSettings, now: datetime
) -> VolumeSurvey:
    """Judge the volumes of a region.

    :param records: all that have not been removed
    :param now: in UTC
    """
    plan = plan_volumes(inventory, records, settings, now)
    volumes = volume_statuses(inventory, records, plan.marked, settings, now)
    return VolumeSurvey(volumes, plan.unprotected, inventory, tuple(_problems(inventory)), now)


def _problems(inventory: VolumeInventory) -> Iterator[str]:
    if inventory.why_incomplete:
        yield inventory.why_incomplete
    if not inventory.backup_hosts:
        yield "no cinder-backup service is up"
