"""Real Cinder with the handbook's rules, and the policy server that it asks, for tests."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from devcloud_lib import identity, topology
from devcloud_lib.http import Answer

from .conditions import wait_for
from .development_cloud import ROOT, DevelopmentCloud
from .development_volumes import Volumes, running_volumes
from .free_ports import free_port
from .policy import PATIENT, policy_server

RULES = ROOT / "examples" / "volumes" / "policy.yaml"
SHOWN_ACCOUNT = re.compile(r"\b[0-9a-f]{32}\b")
SHOWN_ADDRESS = "127.0.0.1:8808"

MEMBER, ADMINISTRATOR, ACCOUNT, READER = "member", "glancesync", topology.BACKUP_ACCOUNT, "reader"
"""Accounts of the development cloud; the first, the second and the last work in the same project."""

REMOTE_TIMEOUT_SECONDS = 5
"""How long Cinder waits for the policy server, as the handbook has it."""

BUSY_SECONDS = 60
"""The same where a test is not about time limits: on a busy machine everything takes longer."""

QUOTAS = {"volumes": 100, "backups": 200, "gigabytes": 1000, "backup_gigabytes": 1000}


@dataclass
class PolicedCinder:
    """A Cinder with the handbook's rules; a policy server is at its address while a test runs one.

    :param port: of the policy server
    :param conf: the configuration of the policy server
    """

    cloud: DevelopmentCloud
    volumes: Volumes
    folder: Path
    port: int
    conf: Path
    _volume: list[str] = field(default_factory=list)
    _running: tuple[int, int] | None = None

    @contextmanager
    def server(self, program: Path = PATIENT) -> Iterator[str]:
        """The policy server.

        :param program: with its own time limits, or the usual ones
        """
        with policy_server(self.conf, self.port, self.folder / "policy.out", program=program) as address:
            yield address

    @contextmanager
    def silent_server(self) -> Iterator[None]:
        """A server at the address of the policy server that takes requests and never answers."""
        with socket.create_server(("127.0.0.1", self.port)):
            yield

    def restart_cinder(self, processes: int = 1, remote_timeout: int = BUSY_SECONDS) -> None:
        """Have cinder-api run with the rules, so many processes, and a time limit for the policy server."""
        if (processes, remote_timeout) == self._running:
            return
        text = SHOWN_ACCOUNT.sub(self.account_id, RULES.read_text(encoding="utf-8"))
        assert SHOWN_ADDRESS in text
        rules = self.folder / "policy.yaml"
        rules.write_text(text.replace(SHOWN_ADDRESS, f"127.0.0.1:{self.port}"), encoding="utf-8")
        timeout = f"oslo_policy.remote_timeout={remote_timeout}"
        words = ["cinder-api", "--policy", str(rules), "--processes", str(processes), "--set", timeout]
        self.cloud.command("restart", *words)
        self._running = (processes, remote_timeout)

    @property
    def account_id(self) -> str:
        """Id of the account that makes the automated backups."""
        return str(self.volumes.accounts[ACCOUNT].user_id)

    def backup(self, account: str = MEMBER, **fields: Any) -> str:
        """The id of a new backup in the member's project."""
        if not self._volume:
            self._volume.append(self.volumes.created(MEMBER, MEMBER, "volume", size=1, name="policy")["id"])
        made = self.volumes.created(account, MEMBER, "backup", volume_id=self._volume[0], **fields)
        return str(made["id"])

    def delete(self, account: str, backup_id: str) -> Answer:
        """What Cinder answers to somebody who deletes a backup."""
        api, root = self.volumes.cinder(account, MEMBER)
        return api.try_call("DELETE", f"{root}/backups/{backup_id}")

    def delete_at_once(self, account: str, ids: Sequence[str]) -> list[int]:
        """The statuses of deletions that are asked for at the same time."""
        api, root = self.volumes.cinder(account, MEMBER)
        with ThreadPoolExecutor(len(ids)) as threads:
            answers = threads.map(lambda uuid: api.try_call("DELETE", f"{root}/backups/{uuid}"), ids)
            return [answer.status for answer in answers]

    def change(self, account: str, backup_id: str, **fields: Any) -> int:
        """The status of the answer to a change of a backup."""
        api, root = self.volumes.cinder(account, MEMBER)
        return api.try_call("PUT", f"{root}/backups/{backup_id}", {"backup": fields}).status

    def shown(self, backup_id: str) -> dict[str, Any] | None:
        """A backup as the account sees it, None when it is gone."""
        api, root = self.volumes.cinder(ACCOUNT, MEMBER)
        answer = api.try_call("GET", f"{root}/backups/{backup_id}")
        found: dict[str, Any] | None = answer.json()["backup"] if answer.status == 200 else None
        return found

    def wait_until_gone(self, backup_id: str) -> None:
        """Wait for the end of a deletion."""
        wait_for(lambda: self.shown(backup_id) is None, f"the end of backup {backup_id}")


@contextmanager
def policed_cinder(folder: Path, database: str) -> Iterator[PolicedCinder]:
    """Cinder of the development cloud with the rules; afterwards with its own again.

    :param folder: for files
    :param database: URL of the database that the policy server asks
    """
    volumes = running_volumes(ROOT)
    cloud = DevelopmentCloud(volumes.cloud.folder)
    account = volumes.accounts[ACCOUNT]
    keystone = cloud.keystone(topology.VOLUMES_KEYSTONE)["url"]
    conf = folder / "glancesync.conf"
    conf.touch(0o600)
    conf.write_text(
        f"[main]\ndatabase = {database}\n[master]\nkeystone_url = {keystone}\nuser = {account.user}\n"
        f"password = {account.password}\ntenant = {account.project}\n"
    )
    _raise_quotas(volumes)
    _add_reader(volumes)
    made = PolicedCinder(cloud, volumes, folder, free_port(), conf)
    made.restart_cinder()
    try:
        yield made
    finally:
        cloud.command("restart", "cinder-api")


def _raise_quotas(volumes: Volumes) -> None:
    api, root = volumes.cinder("admin", "admin")
    project = volumes.accounts[MEMBER].project_id
    api.call("PUT", f"{root}/os-quota-sets/{project}", {"quota_set": QUOTAS})


def _add_reader(volumes: Volumes) -> None:
    """An account that has the role reader in the member's project."""
    cloud = volumes.cloud
    keystone = cloud.services[topology.VOLUMES_KEYSTONE]
    api = identity.administrator(cloud, keystone)
    member = volumes.accounts[MEMBER]
    roles = {role["name"]: role["id"] for role in api.call("GET", "/v3/roles").json()["roles"]}
    name, password = f"reader-{uuid4()}", uuid4().hex
    user = api.call("POST", "/v3/users", {"user": {"name": name, "password": password, "domain_id": "default"}}).json()
    api.call("PUT", f"/v3/projects/{member.project_id}/users/{user['user']['id']}/roles/{roles['reader']}")
    volumes.accounts[READER] = replace(member, user=name, password=password, role="reader", user_id=user["user"]["id"])
