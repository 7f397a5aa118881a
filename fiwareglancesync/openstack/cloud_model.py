"""What Nova and Cinder say of servers, volumes and backups, as values of any subject; all times are aware, in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A server of Nova.

    :param metadata: what its project wrote, as it is
    :param volume_ids: volumes that are attached, in Nova's order
    :param image_id: the image that it was started from, "" for none, as when it was started from a volume
    """

    id: str
    name: str
    project_id: str
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    volume_ids: tuple[str, ...] = ()
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of Cinder.

    :param status: Cinder's word, such as ``in-use``
    :param size: in GiB
    :param host: the service that has it, "" when Cinder does not say
    :param image_id: the image that it was made from, "" for none
    :param type: name of its type, "" for none
    :param name_id: the id in the name of its content, "" when that is its own id or Cinder does not say
    """

    id: str
    name: str
    project_id: str
    status: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    host: str = ""
    image_id: str = ""
    type: str = ""
    name_id: str = ""


@dataclass(frozen=True, slots=True)
class CloudBackup:
    """A backup as Cinder lists it, ours or a user's.

    :param user_id: who made it, "" when Cinder does not say
    :param status: Cinder's word, such as ``available``
    :param size: of its volume then, in GiB
    :param host: the backup service that has it; always "" as far as Cinder's API goes, which does not show it
    :param data_timestamp: the time of its content, by which Cinder finds the newest one; a backup of a snapshot has
        the time of the snapshot; None means that it is not known
    :param updated_at: when its status changed last, None when Cinder does not say
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
    data_timestamp: datetime | None = None
    updated_at: datetime | None = None


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
    """A project of Keystone."""

    id: str
    name: str
    domain_id: str
    domain_name: str
    enabled: bool = True

    @property
    def full_name(self) -> str:
        """``domain/name``."""
        return f"{self.domain_name}/{self.name}"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service of Cinder, as ``/os-services`` lists it.

    :param binary: such as ``cinder-backup``
    :param is_up: whether it has reported lately
    :param is_enabled: whether an administrator lets it work
    """

    binary: str
    host: str
    is_up: bool
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """The account that the program uses.

    :param project_id: its own project, for which its tokens for listings are
    """

    user_id: str
    user_name: str
    project_id: str
    project_name: str = ""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """All items of one kind that a cloud listed.

    :param items: each once; when the listing is not whole, those that were read
    :param is_whole: whether certainly nothing is missing; otherwise nothing may be removed because of it (volumes 3)
    :param reason: why it is not whole, "" when it is
    :param begun: before the first request, by the clock of this machine
    """

    items: Sequence[T]
    is_whole: bool
    reason: str
    begun: datetime
