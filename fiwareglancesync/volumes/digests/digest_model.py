"""What a digest reports of a period (volumes 6). Times are aware; where a thing has no name, its id stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from datetime import timezone as fixed_zone

from ...openstack.cloud_model import BackupQuota
from ..volume_model import BackupType


@dataclass(frozen=True, slots=True)
class FailedBackup:
    """A backup that did not become good.

    :param at: when that was seen
    """

    server: str
    volume: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LateVolume:
    """A volume whose last good backup is too old.

    :param last_good: when that one ended, None when there is none
    """

    server: str
    volume: str
    last_good: datetime | None


@dataclass(frozen=True, slots=True)
class SkippedVolume:
    """A volume of a server with a mark that is not backed up."""

    server: str
    volume: str
    reason: str


@dataclass(frozen=True, slots=True)
class GoodBackup:
    """A backup that was made.

    :param backup: its name
    :param size: of the volume, in GiB
    """

    server: str
    volume: str
    backup: str
    type: BackupType
    size: int
    begun: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class ExpiredBackup:
    """A backup that was removed because its time was over.

    :param backup: its name
    :param removed: when it was seen to be gone
    """

    server: str
    volume: str
    backup: str
    removed: datetime


@dataclass(frozen=True, slots=True)
class ProjectDigest:
    """What there is to report of one project.

    :param project_name: its full name, ``DOMAIN/NAME``
    :param unprotected: names of servers without a mark
    :param quota: None when it could not be read
    :param warnings: sentences that name what they are about
    """

    project_id: str
    project_name: str
    failed: tuple[FailedBackup, ...] = ()
    late: tuple[LateVolume, ...] = ()
    skipped: tuple[SkippedVolume, ...] = ()
    unprotected: tuple[str, ...] = ()
    good: tuple[GoodBackup, ...] = ()
    expired: tuple[ExpiredBackup, ...] = ()
    quota: BackupQuota | None = None
    warnings: tuple[str, ...] = ()

    @property
    def short_name(self) -> str:
        """The name without that of the domain."""
        return self.project_name.partition("/")[2] or self.project_name


@dataclass(frozen=True, slots=True)
class Digest:
    """What there is to report of a period.

    :param begin: when the period began
    :param end: when it ended
    :param region: full name of the region, "" when it is not stated
    :param warnings: what is about no single project
    :param zone: in which times are shown
    """

    begin: datetime
    end: datetime
    projects: tuple[ProjectDigest, ...]
    region: str = ""
    warnings: tuple[str, ...] = ()
    zone: tzinfo = fixed_zone.utc
