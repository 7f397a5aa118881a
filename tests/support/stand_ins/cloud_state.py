"""What is in a cloud of stand-ins: who may do what, servers, volumes and backups."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

DEFAULT_DOMAIN = "default"


def new_id() -> str:
    """An id as Nova and Cinder make it."""
    return str(uuid.uuid4())


def now() -> datetime:
    """The present time."""
    return datetime.now(timezone.utc)


def written(moment: datetime) -> str:
    """A time as Nova and Cinder write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


@dataclass
class StoredDomain:
    """A domain of Keystone."""

    id: str
    name: str
    enabled: bool = True


@dataclass
class StoredProject:
    """A project of Keystone."""

    id: str
    name: str
    domain_id: str = DEFAULT_DOMAIN
    enabled: bool = True


@dataclass
class StoredUser:
    """A user of Keystone."""

    id: str
    name: str
    password: str
    email: str = ""
    enabled: bool = True


class Assignment(NamedTuple):
    """A role of a user or group in a project, or in all projects of a domain.

    :param holder_kind: ``user`` or ``group``
    :param scope_kind: ``project`` or ``domain``; that in a domain is inherited to its projects
    """

    role: str
    holder_kind: str
    holder: str
    scope_kind: str
    scope: str


@dataclass(slots=True)
class StoredServer:
    """A server of Nova."""

    id: str
    name: str
    project_id: str
    metadata: dict[str, str] = field(default_factory=dict)
    volume_ids: list[str] = field(default_factory=list)
    status: str = "ACTIVE"
    created_at: datetime = field(default_factory=now)


@dataclass(slots=True)
class StoredVolume:
    """A volume of Cinder.

    :param name_id: the id in the name of its content after a migration, None when that is its own
    """

    id: str
    name: str
    project_id: str
    status: str = "available"
    size: int = 1
    metadata: dict[str, str] = field(default_factory=dict)
    server_ids: list[str] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)
    volume_type: str | None = None
    host: str = "node1@nfs"
    name_id: str | None = None


@dataclass(slots=True)
class StoredBackup:
    """A backup of Cinder.

    :param dependants: backups that build on it
    """

    id: str
    name: str
    project_id: str
    user_id: str
    volume_id: str
    status: str = "creating"
    size: int = 1
    parent_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    created_at: datetime = field(default_factory=now)
    fail_reason: str | None = None
    dependants: int = 0
    updated_at: datetime | None = None


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the user and the project of a token."""

    user_id: str
    project_id: str
    roles: frozenset[str]

    @property
    def is_admin(self) -> bool:
        """Whether Nova and Cinder take the caller for an administrator."""
        return "admin" in self.roles


@dataclass
class CloudState:
    """The whole cloud.

    :param list_limit: projects that Keystone lists at most
    :param page_limit: entries that Nova and Cinder list at most
    :param is_paused: whether backups, restores and deletions stay as they are until they are finished by hand
    :param dead_cell: whether the database of one of Nova's cells does not answer
    """

    domains: dict[str, StoredDomain] = field(default_factory=dict)
    projects: dict[str, StoredProject] = field(default_factory=dict)
    users: dict[str, StoredUser] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    servers: dict[str, StoredServer] = field(default_factory=dict)
    volumes: dict[str, StoredVolume] = field(default_factory=dict)
    backups: dict[str, StoredBackup] = field(default_factory=dict)
    quotas: dict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(
            lambda: {"volumes": 1000, "gigabytes": 10**6, "backups": 10**6, "backup_gigabytes": 10**7}
        )
    )
    list_limit: int = 0
    page_limit: int = 1000
    is_paused: bool = False
    backup_service_is_up: bool = True
    dead_cell: bool = False
    previous_status: dict[str, str] = field(default_factory=dict)

    def roles(self, user: str, project: str) -> frozenset[str]:
        """The roles of a user in a project, those of groups and inherited ones too."""
        groups = {group for group, members in self.groups.items() if user in members}
        domain = self.projects[project].domain_id if project in self.projects else ""
        return frozenset(
            each.role
            for each in self.assignments
            if (each.scope_kind, each.scope) in (("project", project), ("domain", domain))
            and ((each.holder_kind == "user" and each.holder == user) or each.holder in groups)
        )

    def caller(self, token: str) -> Caller | None:
        """Who has a token; None when it is not valid, or not any more."""
        user_id, project_id = self.tokens.get(token, ("", ""))
        user, project = self.users.get(user_id), self.projects.get(project_id)
        if user is None or project is None or not self.may_enter(user, project):
            return None
        return Caller(user_id, project_id, self.roles(user_id, project_id))

    def may_enter(self, user: StoredUser, project: StoredProject) -> bool:
        """Whether Keystone gives a user a token for a project."""
        enabled = user.enabled and project.enabled and self.domains[project.domain_id].enabled
        return enabled and bool(self.roles(user.id, project.id))

    def used(self, project: str, resource: str) -> int:
        """How much of a quota a project uses."""
        if resource in ("backups", "backup_gigabytes"):
            sizes = [backup.size for backup in self.backups.values() if backup.project_id == project]
        else:
            sizes = [volume.size for volume in self.volumes.values() if volume.project_id == project]
        return sum(sizes) if "gigabytes" in resource else len(sizes)
