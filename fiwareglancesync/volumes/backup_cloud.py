"""What backups of volumes need of a cloud: the inventory, and requests that are sent exactly once (volumes 1–4).

Methods that read may repeat their requests. Methods that change something send one request each; they raise an error
only if nothing has been sent, and return everything else as an outcome.

Getting a token may take minutes while Keystone refuses for now. So the methods that change something take a ``check``.
They call it when they have the token, immediately before the request; what it raises prevents the request. A conductor
checks there that its lease outlives ``request_seconds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..openstack.cloud_model import (
    BackupQuota,
    CloudAccount,
    CloudBackup,
    Listing,
    Project,
    Server,
    ServiceState,
    Volume,
)
from ..openstack.request_outcome import Outcome
from ..openstack.single_requests import Check, do_not_check


@dataclass(frozen=True, slots=True)
class NewBackup:
    """A backup that is to be made; always with ``force``, because an attached volume needs it (volumes 2).

    :param project_id: of the volume: the backup is made with a token for this project
    :param metadata: the marks for people (volumes 2)
    """

    project_id: str
    volume_id: str
    name: str
    is_incremental: bool
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A volume for a restore drill, in the account's own project.

    :param size: in GiB
    :param metadata: says what it is for
    :param type: name of its type, "" for Cinder's default: an encrypted backup needs a volume of the same type
    """

    name: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    type: str = ""


class BackupCloud(Protocol):
    """One region of a cloud, with the rights of the account.

    Every method may raise a :class:`~fiwareglancesync.base.errors.CloudError`; those with a project raise
    :class:`~fiwareglancesync.openstack.project_tokens.NoAccess` when the account gets no token for it.
    """

    @property
    def region(self) -> str:
        """Name of the region."""
        ...

    @property
    def request_seconds(self) -> float:
        """Seconds after which a request that changes something has ended in any case."""
        ...

    def account(self) -> CloudAccount:
        """The account."""
        ...

    def clock_difference(self) -> float:
        """How far the clock of this machine is ahead of Keystone's, in seconds; negative when it is behind."""
        ...

    def services(self) -> tuple[ServiceState, ...]:
        """The services of Cinder.

        :raises Forbidden: the account is no administrator: its listings would silently hold one project only
        """
        ...

    def projects(self) -> Listing[Project]:
        """All projects of all domains, disabled ones too."""
        ...

    def servers(self, project_id: str = "") -> Listing[Server]:
        """The servers of a project, "" for those of all projects."""
        ...

    def volumes(self, project_id: str = "") -> Listing[Volume]:
        """The volumes of a project, "" for those of all projects."""
        ...

    def backups(self, volume_id: str = "", project_id: str = "") -> Listing[CloudBackup]:
        """The backups of a volume or of a project, users' own ones too; without both all of the region."""
        ...

    def backup(self, backup_id: str) -> CloudBackup | None:
        """A backup of any project; None when there is none of this id (404)."""
        ...

    def volume(self, volume_id: str) -> Volume | None:
        """A volume of any project; None when there is none of this id (404)."""
        ...

    def parent_of(self, backup_id: str) -> str | None:
        """The id of the backup that an available one builds on; None for a full one (volumes 2).

        :raises CloudError: it cannot be determined
        """
        ...

    def quota(self, project_id: str) -> BackupQuota:
        """The quotas of a project that backups count against, and how much of them is used."""
        ...

    def member_addresses(self, project_id: str) -> tuple[str, ...]:
        """The mail addresses of the enabled users that have a role in a project, sorted, each once (volumes 6)."""
        ...

    def create_backup(self, backup: NewBackup, *, check: Check = do_not_check) -> Outcome:
        """Request a backup; accepted with its id."""
        ...

    def delete_backup(self, project_id: str, backup_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request the deletion of a backup, with a token for its project: then Cinder protects a chain."""
        ...

    def set_server_metadata(
        self, project_id: str, server_id: str, key: str, value: str, *, check: Check = do_not_check
    ) -> Outcome:
        """Set one item of a server's metadata."""
        ...

    def restore(self, backup_id: str, volume_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request to restore a backup of any project into a volume of the account's own project."""
        ...

    def create_volume(self, volume: NewVolume, *, check: Check = do_not_check) -> Outcome:
        """Request a volume in the account's own project; accepted with its id."""
        ...

    def delete_volume(self, volume_id: str, *, check: Check = do_not_check) -> Outcome:
        """Request the deletion of a volume of the account's own project."""
        ...
