"""Starts nodes: their namespaces, its network, sshd, glusterd, and libvirtd on the master."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from workbench import debian

from devcloud_lib import install, processes
from devcloud_lib.errors import CloudError
from devcloud_lib.gluster import node_commands, node_files
from devcloud_lib.gluster.gluster_world import MASTER, NODES, SLAVE, GlusterWorld, Node
from devcloud_lib.waiting import wait_for

READY_SECONDS = 120.0
SERVER_SECONDS = 240.0
LINK = "veth0"


def start_nodes(world: GlusterWorld, nodes: Sequence[Node]) -> None:
    """Start nodes that do not run, with their servers; the volumes that they had come with them.

    :raises CloudError: one does not start
    """
    for node in nodes:
        _make_namespaces(world, node)
    _connect(world)
    for node in nodes:
        _start_servers(world, node)


def _start_servers(world: GlusterWorld, node: Node) -> None:
    home = world.home(node)
    if node == SLAVE:
        sshd = debian.find("sshd") or "sshd"  # which demands to be called by its whole path
        node_commands.run(world, node, sshd, "-f", home / "sshd_config", "-E", "/var/log/sshd.log")
    node_commands.detach(world, node, home / "glusterd.out", "glusterd")
    _wait(world, node, "glusterd", lambda: answers(world, node))
    if node == MASTER:
        node_commands.detach(world, node, home / "libvirtd.out", "libvirtd", "--config", "/etc/libvirt/libvirtd.conf")
        _wait(world, node, "libvirtd", lambda: libvirt_answers(world))


def answers(world: GlusterWorld, node: Node) -> bool:
    """Whether glusterd of a node answers."""
    return node_commands.succeeds(world, node, "gluster", "--mode=script", "pool", "list")


def libvirt_answers(world: GlusterWorld) -> bool:
    """Whether libvirtd of the master answers."""
    return node_commands.succeeds(world, MASTER, "virsh", "-c", "qemu:///system", "list")


def _make_namespaces(world: GlusterWorld, node: Node) -> None:
    home = world.home(node)
    ready = home / "ready"
    ready.unlink(missing_ok=True)
    unshare = debian.find("unshare") or "unshare"
    command = [
        unshare, "-m", "-n", "-u", "-p", "-i", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
        str(home / "init"),
    ]
    log = world.log(node)
    world.processes[node.name] = processes.spawn(
        command, folder=home, log=log, environment=node_commands.environment(world, node)
    )
    world.save()
    node_files.write_on(world)
    wait_for(lambda: ready.exists() or not world.is_running(node.name), READY_SECONDS)
    if not ready.exists():
        raise CloudError(f"{node.name} does not start; its log is {log}", install.tail(log))


def _connect(world: GlusterWorld) -> None:
    """Join the two nodes by one pair of network interfaces, which exist in no other place."""
    pids = {node.name: node_commands.first_process(world, node) for node in NODES.values()}
    if None in pids.values():
        return
    if not node_commands.succeeds(world, MASTER, "ip", "link", "show", LINK):
        # Only the network of the master is entered: the slave's pid is that of this machine.
        _call(
            debian.find("nsenter") or "nsenter", "-t", str(pids[MASTER.name]), "-n", "--", "ip", "link", "add", LINK,
            "type", "veth", "peer", "name", LINK, "netns", str(pids[SLAVE.name]),
        )
        for node in NODES.values():
            node_commands.run(world, node, "ip", "addr", "add", f"{node.address}/24", "dev", LINK)
            node_commands.run(world, node, "ip", "link", "set", LINK, "up")


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CloudError("the two nodes of gluster cannot be connected", done.stderr.strip())


def _wait(world: GlusterWorld, node: Node, server: str, works: Callable[[], bool]) -> None:
    if not wait_for(works, SERVER_SECONDS):
            raise CloudError(
            f"{server} of {node.name} does not answer after {SERVER_SECONDS:.0f} s; the logs are in "
            f"{world.home(node) / 'var/log'}",
            install.tail(world.home(node) / f"{server}.out"),
        )
