"""What is known of the two nodes of gluster: their folders, their volumes and their processes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from devcloud_lib.processes import Process
from devcloud_lib.state import write_private

STATE_FILE = "gluster.json"
SSH_PORT = 2222
"""Where the slave's sshd listens, in the network of the two nodes."""


@dataclass(frozen=True)
class Node:
    """A node: namespaces of its own for the network, mounts, processes and the host name.

    :param name: what ``stop``, ``kill`` and ``start`` take
    :param host: its host name
    :param address: in the network that only the two nodes have
    :param short: what the script ``on`` takes
    """

    name: str
    host: str
    address: str
    short: str


MASTER = Node("gluster-master", "gm", "10.99.0.1", "m")
SLAVE = Node("gluster-slave", "gs", "10.99.0.2", "s")
NODES = {node.name: node for node in (MASTER, SLAVE)}
"""In the order of their start."""


@dataclass(frozen=True)
class Replicated:
    """A volume of the master, and the volumes of the slave that it has a session to.

    :param name: of the master's volume
    :param slaves: names of the slave's volumes; the second one is for the method ``alternate``
    :param shard: size of a shard, "" for a volume that is not sharded
    """

    name: str
    slaves: tuple[str, ...]
    shard: str = ""


VOLUMES = (
    Replicated("plain", ("plain-copy",)),
    Replicated("sharded", ("sharded-copy", "sharded-other"), "4MB"),
)


@dataclass
class GlusterWorld:
    """The two nodes below a folder."""

    folder: Path
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def script(self) -> Path:
        """Runs a command in a node: ``on m|s COMMAND``."""
        return self.folder / "on"

    def home(self, node: Node) -> Path:
        """The folder of a node."""
        return self.folder / node.host

    def mount(self, node: Node, volume: str) -> Path:
        """Where a node has a volume mounted; only processes in the node see what is there."""
        return self.home(node) / "mnt" / volume

    def brick(self, node: Node, volume: str) -> Path:
        """Where the brick of a volume is."""
        return self.home(node) / "bricks" / volume

    def log(self, node: Node) -> Path:
        return self.home(node) / "node.out"

    def is_running(self, name: str) -> bool:
        """Whether a node runs.

        :param name: one of ``NODES``
        """
        process = self.processes.get(name)
        return process is not None and process.is_alive()

    def save(self) -> None:
        """Write what is known in one step."""
        document = {"processes": {name: dataclasses.asdict(process) for name, process in self.processes.items()}}
        write_private(self.folder / STATE_FILE, json.dumps(document, indent=2) + "\n")


def place(folder: Path) -> Path:
    """Where the nodes of a development cloud are.

    :param folder: of the development cloud
    """
    return folder / "gluster"


def exists(folder: Path) -> bool:
    """Whether a development cloud has gluster.

    :param folder: of the development cloud
    """
    return (place(folder) / STATE_FILE).exists()


def load(folder: Path) -> GlusterWorld:
    """The nodes of a development cloud that has them.

    :param folder: of the development cloud
    """
    document = json.loads((place(folder) / STATE_FILE).read_text(encoding="utf-8"))
    return GlusterWorld(place(folder), {name: Process(**values) for name, values in document["processes"].items()})
