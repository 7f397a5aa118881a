"""A cloud of stand-ins for Keystone, Nova and Cinder, on one port of loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from fiwareglancesync.openstack.credential import Credential

from .cinder_stand_in import CinderStandIn
from .cloud_state import (
    DEFAULT_DOMAIN,
    Assignment,
    CloudState,
    StoredBackup,
    StoredDomain,
    StoredProject,
    StoredServer,
    StoredUser,
    StoredVolume,
    new_id,
    now,
)
from .http_stand_in import Asked, Fault, HttpStandIn, Refuses, Reply
from .keystone_stand_in import KeystoneStandIn
from .nova_stand_in import NovaStandIn

REGION = "Spain"
PASSWORD = "secret"
MARKS = {"__automated_backup": "True", "glancesync_expires": "2026-12-12T22:00:00Z"}


class CloudStandIn:
    """A cloud with one region, three projects and three users.

    The user ``backups`` is the account: it has the role admin in the project ``backups`` and in all of the domain.
    The user ``alice`` is a member of the project ``tenant``, and ``admin`` an administrator in a project of that name.
    """

    def __init__(self) -> None:
        self.state = CloudState()
        self.keystone = KeystoneStandIn(self.state, REGION, self._endpoints)
        self.nova = NovaStandIn(self.state)
        self.cinder = CinderStandIn(self.state)
        self.http = HttpStandIn(self._answer)
        self.state.domains[DEFAULT_DOMAIN] = StoredDomain(DEFAULT_DOMAIN, "Default")
        self.tenant = self.add_project("tenant")
        self.account_project = self.add_project("backups")
        self.account = self._add_user("backups")
        self.alice = self._add_user("alice", "alice@example.org")
        self.assign("admin", self.account, self.account_project)
        self.state.assignments.append(Assignment("admin", "user", self.account, "domain", DEFAULT_DOMAIN))
        self.assign("member", self.alice, self.tenant)
        self.assign("admin", self._add_user("admin"), self.add_project("admin"))

    @property
    def auth_url(self) -> str:
        """The address of Keystone."""
        return f"{self.http.url}/identity/v3"

    def credential(self, user: str = "backups", project: str = "") -> Credential:
        """How a user signs in; without a project for the one of the same name."""
        return Credential(auth_url=self.auth_url, username=user, password=PASSWORD, project_name=project or user)

    def fail(self, pattern: str, status: int = 500, **details: Any) -> Fault:
        """Have requests fail; see :class:`Fault`."""
        fault = Fault(pattern, status, **details)
        with self.http.lock:
            self.http.faults.append(fault)
        return fault

    def add_project(self, name: str) -> str:
        """Add a project of the default domain."""
        project = StoredProject(f"{len(self.state.projects):032x}", name)
        self.state.projects[project.id] = project
        return project.id

    def assign(self, role: str, user: str, project: str) -> None:
        """Give a user a role in a project."""
        self.state.assignments.append(Assignment(role, "user", user, "project", project))

    def demote(self) -> None:
        """Take the account's roles of an administrator; it stays a member of its own project."""
        self.state.assignments[:] = [each for each in self.state.assignments if each.holder != self.account]
        self.assign("member", self.account, self.account_project)

    def add_server(self, name: str = "server", *volumes: str, project: str = "", **metadata: str) -> str:
        """Add a server with volumes."""
        server = StoredServer(new_id(), name, project or self.tenant, metadata, list(volumes))
        with self.http.lock:
            self.state.servers[server.id] = server
            for volume in volumes:
                self.state.volumes[volume].server_ids.append(server.id)
                self.state.volumes[volume].status = "in-use"
            self.changed()
        return server.id

    def add_volume(self, name: str = "volume", *, project: str = "", size: int = 1) -> str:
        """Add a volume."""
        volume = StoredVolume(new_id(), name, project or self.tenant, size=size)
        with self.http.lock:
            self.state.volumes[volume.id] = volume
            self.changed()
        return volume.id

    def add_backups(self, volume: str, count: int = 1, *, user: str = "", since: datetime | None = None) -> list[str]:
        """Add available full backups of a volume, an hour between each two; the newest is the last one.

        They have the marks of automated backups.
        """
        owner = self.state.volumes[volume]
        first = since or now() - timedelta(hours=count)
        made = [
            StoredBackup(
                new_id(),
                f"{owner.name}-{number}",
                owner.project_id,
                user or self.account,
                volume,
                "available",
                owner.size,
                metadata={**MARKS, "glancesync_task": new_id()},
                created_at=first + timedelta(hours=number),
            )
            for number in range(count)
        ]
        with self.http.lock:
            self.state.backups.update({backup.id: backup for backup in made})
            self.changed()
        return [backup.id for backup in made]

    def changed(self) -> None:
        """Forget the lists that pages are cut from."""
        self.nova.lists.changed()
        self.cinder.lists.changed()

    def _add_user(self, name: str, email: str = "") -> str:
        user = StoredUser(f"{len(self.state.users):032x}", name, PASSWORD, email)
        self.state.users[user.id] = user
        return user.id

    def _endpoints(self) -> dict[str, str]:
        return {
            "identity": f"{self.http.url}/identity",
            "compute": f"{self.http.url}/compute/v2.1",
            "block-storage": f"{self.http.url}/volume/v3/%(project)s",
        }

    def _answer(self, asked: Asked) -> Reply:
        found = re.fullmatch(r"/(identity)(.*)|/(compute)/v2\.1(/.*)|/(volume)/v3/[^/]+(/.*)", asked.path)
        if found is None:
            raise Refuses(404, "itemNotFound", "The resource could not be found.")
        if found[1]:
            return self.keystone.answer(asked, found[2])
        if found[3]:
            return self.nova.answer(asked, found[4])
        return self.cinder.answer(asked, found[6])


@contextmanager
def cloud_stand_in() -> Iterator[CloudStandIn]:
    """A fresh cloud that serves while the context lasts."""
    cloud = CloudStandIn()
    with cloud.http.running():
        yield cloud
