"""What Nova and Cinder say of servers, volumes and backups, as values of any subject; all times are aware, in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Server:
    """A server of Nova.

    :param metadata: what its project wrote, as it is
    :param volume_ids: volumes that are attached, in Nova's order
    """

    id: str
    name: str
    project_id: str
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    volume_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of Cinder.

    :param status: Cinder's word, such as ``in-use``
    :param size: in GiB
    :param host: the service that has it, "" when Cinder does not say
    """

    id: str
    name: str
    project_id: str
    status: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    host: str = ""


@dataclass(frozen=True, slots=True)
class CloudBackup:
    """A backup as Cinder lists it, ours or a user's.

    :param user_id: who made it, "" when Cinder does not say
    :param status: Cinder's word, such as ``available``
    :param size: of its volume then, in GiB
    :param host: the backup service that has it, "" as long as none has
    """

    id: str
    name: str
    project_id: str
    user_id: str
    volume_id: str
    status: str
    size: int
    is_incremental: bool
    has_dependent_backups: bool
    created_at: datetime
    fail_reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    host: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """One quota of a project; ``limit`` is None when there is none."""

    limit: int | None
    in_use: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class BackupQuota:
    """The quotas of a project that backups count against.

    :param backups: their number
    :param gigabytes: their size, in GiB
    """

    backups: Limit
    gigabytes: Limit


@dataclass(frozen=True, slots=True)
class Project:
    """A project of Keystone; its full name is ``domain/name``."""

    id: str
    name: str
    domain_id: str
    domain_name: str
    enabled: bool = True
