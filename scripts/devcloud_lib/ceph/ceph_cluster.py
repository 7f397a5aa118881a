"""What is known of a cluster: its folder, its ports and its processes."""

from __future__ import annotations

import dataclasses
import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from devcloud_lib import ports
from devcloud_lib.processes import Process
from devcloud_lib.state import write_private

DAEMONS = ("ceph-mon", "ceph-osd", "ceph-mgr")
"""In the order of their start."""

POOLS = ("volumes", "images", "vms")
CINDER = "cinder"
"""The user of Cinder."""

SNAPSHOTS = "snapmanager"
"""The user that makes and removes snapshots: its rights cannot blocklist another client."""

STATE_FILE = "cluster.json"


@dataclass
class CephCluster:
    """A cluster below a folder.

    :param fsid: its id
    :param port: of the monitor
    :param second_port: of the monitor, for the older protocol
    """

    folder: Path
    fsid: str
    port: int
    second_port: int
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def config_file(self) -> Path:
        return self.folder / "ceph.conf"

    @property
    def admin_keyring(self) -> Path:
        return self.folder / "keyring"

    def data(self, name: str) -> Path:
        """Where a daemon has its data.

        :param name: one of ``DAEMONS``
        """
        return self.folder / name.removeprefix("ceph-")

    def keyring(self, user: str) -> Path:
        """The key of a user.

        :param user: without ``client.``
        """
        return self.folder / f"ceph.client.{user}.keyring"

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.out"

    def is_running(self, name: str) -> bool:
        process = self.processes.get(name)
        return process is not None and process.is_alive()

    def save(self) -> None:
        """Write what is known in one step."""
        document = {
            "fsid": self.fsid, "port": self.port, "second_port": self.second_port,
            "processes": {name: dataclasses.asdict(process) for name, process in self.processes.items()},
        }
        write_private(self.folder / STATE_FILE, json.dumps(document, indent=2) + "\n")


def place(folder: Path) -> Path:
    """Where the cluster of a development cloud is.

    :param folder: of the development cloud
    """
    return folder / "ceph"


def exists(folder: Path) -> bool:
    """Whether a development cloud has a cluster.

    :param folder: of the development cloud
    """
    return (place(folder) / STATE_FILE).exists()


def load(folder: Path) -> CephCluster:
    """The cluster of a development cloud that has one.

    :param folder: of the development cloud
    """
    document = json.loads((place(folder) / STATE_FILE).read_text(encoding="utf-8"))
    processes = {name: Process(**values) for name, values in document["processes"].items()}
    return CephCluster(place(folder), document["fsid"], document["port"], document["second_port"], processes)


def new_cluster(folder: Path) -> CephCluster:
    """A cluster that exists on paper only.

    :param folder: of the development cloud
    """
    port = ports.choose(())
    return CephCluster(place(folder), str(uuid.uuid4()), port, ports.choose({port}))
