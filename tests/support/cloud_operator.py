"""What administrators and users do to a cloud without us: an independent, plain HTTP client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests

from fiwareglancesync.openstack.credential import Credential
from tests.support.conditions import wait_for

PATIENCE_SECONDS = 90.0
USER_PASSWORD = "a-password"
FLAVOR = "volumes-only"
_VERSIONS = {"compute": "compute 2.90", "block-storage": "volume 3.70"}


@dataclass(frozen=True)
class Person:
    """A user who signs in for one project."""

    id: str
    name: str
    project: str
    password: str = USER_PASSWORD


class CloudOperator:
    """An administrator of a cloud, and the users that the administrator makes.

    :param admin: how the administrator signs in
    """

    def __init__(self, admin: Credential) -> None:
        self._admin = admin
        self.auth_url = admin.auth_url
        self._tokens: dict[tuple[str, str], tuple[str, dict[str, str], str]] = {}
        self._undo: list[Callable[[], object]] = []
        self._roles: dict[str, str] = {}

    def clean(self) -> None:
        """Take back what was made, the last first."""
        while self._undo:
            with suppress(AssertionError, KeyError):
                self._undo.pop()()

    def ask(
        self,
        service: str,
        method: str,
        path: str,
        document: Any = None,
        *,
        person: Person | None = None,
        refused: bool = False,
    ) -> Any:
        """Send a request.

        :param service: its type in the catalog
        :param person: who sends it, None for the administrator
        :param refused: whether the status is returned instead of the document
        """
        token, catalog, _ = self._token(person)
        address = f"{self.auth_url}" if service == "identity" else catalog[service]
        headers = {"X-Auth-Token": token}
        if service in _VERSIONS:
            headers["OpenStack-API-Version"] = _VERSIONS[service]
        answer = requests.request(method, address + path, json=document, headers=headers, timeout=PATIENCE_SECONDS)
        if refused:
            return answer.status_code
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def new_project(self, name: str = "project") -> str:
        """Make a project."""
        wanted = {"name": f"{name}-{uuid.uuid4().hex[:8]}", "domain_id": "default"}
        project = str(self.ask("identity", "POST", "/projects", {"project": wanted})["project"]["id"])
        self._undo.append(lambda: self.ask("identity", "DELETE", f"/projects/{project}"))
        return project

    def enable_project(self, project: str, *, enabled: bool) -> None:
        """Disable or enable a project."""
        self.ask("identity", "PATCH", f"/projects/{project}", {"project": {"enabled": enabled}})

    def new_person(self, project: str = "", role: str = "member", **details: Any) -> Person:
        """Make a user, with a role in a project if one is named."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        wanted = {"name": name, "password": USER_PASSWORD, "domain_id": "default", **details}
        user = str(self.ask("identity", "POST", "/users", {"user": wanted})["user"]["id"])
        self._undo.append(lambda: self.ask("identity", "DELETE", f"/users/{user}"))
        if project:
            self.ask("identity", "PUT", f"/projects/{project}/users/{user}/roles/{self.role(role)}")
        return Person(user, name, project)

    def new_group(self, project: str, *people: Person) -> None:
        """Make a group of people that has the role member in a project."""
        wanted = {"name": f"group-{uuid.uuid4().hex[:8]}", "domain_id": "default"}
        group = self.ask("identity", "POST", "/groups", {"group": wanted})["group"]["id"]
        self._undo.append(lambda: self.ask("identity", "DELETE", f"/groups/{group}"))
        for person in people:
            self.ask("identity", "PUT", f"/groups/{group}/users/{person.id}")
        self.ask("identity", "PUT", f"/projects/{project}/groups/{group}/roles/{self.role('member')}")

    def make_administrator(self, person: Person) -> None:
        """Give a user the role admin in all projects of the domain, by inheritance."""
        self.ask("identity", "PUT", self._inherited(person))

    def demote(self, person: Person) -> None:
        """Take that role away."""
        self.ask("identity", "DELETE", self._inherited(person))

    def new_type(self, **extra_specs: str) -> str:
        """Make a type of volumes; its name."""
        wanted = {"name": f"type-{uuid.uuid4().hex[:8]}", "extra_specs": extra_specs}
        made = self.ask("block-storage", "POST", "/types", {"volume_type": wanted})["volume_type"]
        self._undo.append(lambda: self.ask("block-storage", "DELETE", f"/types/{made['id']}"))
        return str(made["name"])

    def new_volume(self, person: Person, name: str = "volume", size: int = 1, **details: Any) -> str:
        """Make a volume and wait for it."""
        wanted = {"volume": {"name": name, "size": size, **details}}
        volume = str(self.ask("block-storage", "POST", "/volumes", wanted, person=person)["volume"]["id"])
        self._undo.append(lambda: self._remove_volume(volume))
        self.wait_for_volume(volume)
        return volume

    def new_server(self, person: Person, *volumes: str, **metadata: str) -> str:
        """Make a server that boots from the first volume."""
        self.ask("block-storage", "POST", f"/volumes/{volumes[0]}/action", {"os-set_bootable": {"bootable": True}})
        disk = {"boot_index": 0, "uuid": volumes[0], "source_type": "volume", "destination_type": "volume"}
        server = {
            "name": "server",
            "flavorRef": self._flavor(),
            "networks": "none",
            "metadata": metadata,
            "block_device_mapping_v2": [disk],
        }
        made = str(self.ask("compute", "POST", "/servers", {"server": server}, person=person)["server"]["id"])
        self._undo.append(lambda: self._remove_server(made, volumes))
        self.wait(lambda: self.ask("compute", "GET", f"/servers/{made}")["server"]["status"], "ACTIVE")
        for volume in volumes[1:]:
            wanted = {"volumeAttachment": {"volumeId": volume}}
            self.ask("compute", "POST", f"/servers/{made}/os-volume_attachments", wanted, person=person)
        for volume in volumes:
            self.wait_for_volume(volume, "in-use")
        return made

    def _flavor(self) -> str:
        """The id of a small flavor."""
        listed = self.ask("compute", "GET", "/flavors")["flavors"]
        found = [str(flavor["id"]) for flavor in listed if flavor["name"] == FLAVOR]
        if found:
            return found[0]
        wanted = {"flavor": {"name": FLAVOR, "ram": 64, "vcpus": 1, "disk": 0}}
        return str(self.ask("compute", "POST", "/flavors", wanted)["flavor"]["id"])

    def new_backup(self, person: Person, volume: str, **details: Any) -> str:
        """Have a user make a backup, and wait for it."""
        wanted = {"backup": {"volume_id": volume, **details}}
        backup = str(self.ask("block-storage", "POST", "/backups", wanted, person=person)["backup"]["id"])
        self.wait_for_backup(backup)
        return backup

    def wait_for_volume(self, volume: str, status: str = "available") -> None:
        """Wait until a volume has a status."""
        path = f"/volumes/{volume}"
        self.wait(lambda: self.ask("block-storage", "GET", path)["volume"]["status"], status)

    def wait_for_backup(self, backup: str, status: str = "available") -> None:
        """Wait until a backup has a status."""
        path = f"/backups/{backup}"
        self.wait(lambda: self.ask("block-storage", "GET", path)["backup"]["status"], status)

    def wait_until_gone(self, path: str) -> None:
        """Wait until something of Cinder does not exist any more."""
        self.wait(lambda: self.ask("block-storage", "GET", path, refused=True), 404)

    @staticmethod
    def wait(read: Callable[[], object], wanted: object) -> None:
        """Wait until something has a value."""
        wait_for(lambda: read() == wanted, repr(wanted), PATIENCE_SECONDS)

    def role(self, name: str) -> str:
        """The id of a role."""
        if name not in self._roles:
            listed = self.ask("identity", "GET", "/roles")["roles"]
            self._roles.update({role["name"]: role["id"] for role in listed})
        return self._roles[name]

    def _inherited(self, person: Person) -> str:
        role = self.role("admin")
        return f"/OS-INHERIT/domains/default/users/{person.id}/roles/{role}/inherited_to_projects"

    def _remove_volume(self, volume: str) -> None:
        """Remove a volume with all its backups."""
        path = f"/backups/detail?all_tenants=1&volume_id={volume}"
        for backup in self.ask("block-storage", "GET", path)["backups"]:
            # By an administrator of another project Cinder removes the base of a chain, too.
            self.ask("block-storage", "DELETE", f"/backups/{backup['id']}", refused=True)
            self.wait_until_gone(f"/backups/{backup['id']}")
        reset = {"os-reset_status": {"status": "available"}}
        self.ask("block-storage", "POST", f"/volumes/{volume}/action", reset)
        self.ask("block-storage", "DELETE", f"/volumes/{volume}")
        self.wait_until_gone(f"/volumes/{volume}")

    def _remove_server(self, server: str, volumes: tuple[str, ...]) -> None:
        self.ask("compute", "DELETE", f"/servers/{server}")
        for volume in volumes:
            self.wait_for_volume(volume)

    def _token(self, person: Person | None) -> tuple[str, dict[str, str], str]:
        """The token of somebody, with the addresses of the services."""
        key = (person.name, person.project) if person else ("", "")
        if key not in self._tokens:
            self._tokens[key] = self._sign_in(person)
        return self._tokens[key]

    def _sign_in(self, person: Person | None) -> tuple[str, dict[str, str], str]:
        name = person.name if person else self._admin.username
        password = person.password if person else self._admin.password
        scope = {"id": person.project} if person else {"name": self._admin.project_name, "domain": {"id": "default"}}
        user = {"name": name, "domain": {"id": "default"}, "password": password}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": scope}}
        answer = requests.post(f"{self.auth_url}/auth/tokens", json={"auth": auth}, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 201, answer.text
        token = answer.json()["token"]
        addresses = {
            service["type"]: next(each["url"] for each in service["endpoints"] if each["interface"] == "public")
            for service in token["catalog"]
            if service["endpoints"]
        }
        return answer.headers["X-Subject-Token"], addresses, token["project"]["id"]
