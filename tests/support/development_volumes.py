"""Cinder and Nova of the development cloud, as tests use them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from devcloud_lib import state, topology
from devcloud_lib.http import Client
from devcloud_lib.volumes.volume_clients import block_storage, compute

from .cloud import missing, running_cloud

READY_SECONDS = 240


def running_volumes(root: Path) -> Volumes:
    """Cinder and Nova of the development cloud; without them the test is skipped, or in CI has failed.

    :param root: the checkout
    """
    cloud = state.load(running_cloud(root).parent)
    if not all(service.is_running for service in cloud.volume_servers()) or not cloud.has_volumes:
        missing(f"no volumes in the cloud in {cloud.folder}; start them with scripts/devcloud up --with volumes")
    return Volumes(cloud)


class Volumes:
    """What Cinder and Nova show of a cloud.

    :param cloud: the cloud
    """

    def __init__(self, cloud: state.Cloud) -> None:
        self.cloud = cloud
        self.accounts = cloud.accounts[topology.VOLUMES_KEYSTONE]

    def cinder(self, account: str, project: str) -> tuple[Client, str]:
        """Cinder as somebody who works in the project of an account, and the beginning of its paths."""
        project_id = self.accounts[project].project_id
        return block_storage(self.cloud, self.accounts[account], project_id), f"/v3/{project_id}"

    def servers(self, account: str) -> dict[str, dict[str, Any]]:
        """The servers of an account's project, by name."""
        listed = compute(self.cloud, self.accounts[account]).call("GET", "/v2.1/servers/detail").json()["servers"]
        return {server["name"]: server for server in listed}

    def listed(self, account: str, kind: str) -> dict[str, dict[str, Any]]:
        """The volumes or backups of an account's project, by id."""
        api, root = self.cinder(account, account)
        return {each["id"]: each for each in api.call("GET", f"{root}/{kind}/detail").json()[kind]}

    def created(self, account: str, project: str, kind: str, **fields: Any) -> dict[str, Any]:
        """A volume or a backup that somebody makes, once it is available."""
        api, root = self.cinder(account, project)
        made = api.call("POST", f"{root}/{kind}s", {kind: fields}).json()[kind]
        return self.settled(account, project, kind, made["id"])

    def settled(self, account: str, project: str, kind: str, uuid: str) -> dict[str, Any]:
        """A volume or a backup, once it is available or in use."""
        api, root = self.cinder(account, project)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            found: dict[str, Any] = api.call("GET", f"{root}/{kind}s/{uuid}").json()[kind]
            if found["status"] in ("available", "in-use"):
                return found
            assert "error" not in found["status"], found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def volume(self, name: str, account: str = "demo") -> str:
        """The id of a volume of the seed."""
        return next(uuid for uuid, each in self.listed(account, "volumes").items() if each["name"] == name)

    def content(self, volume_id: str) -> Path:
        """The file of a volume."""
        return self.cloud.share / f"volume-{volume_id}"
