"""Runs commands in a node."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from workbench import debian

from devcloud_lib.errors import CloudError
from devcloud_lib.gluster.gluster_world import GlusterWorld, Node
from devcloud_lib.gluster.node_files import ENTER, PROGRAMS

COMMAND_SECONDS = 120.0
Done = subprocess.CompletedProcess[str]


def entered(world: GlusterWorld, node: Node, words: Sequence[object]) -> list[str]:
    """The command that runs another one in a node.

    :raises CloudError: the node does not run
    """
    pid = first_process(world, node)
    if pid is None:
        raise CloudError(f"{node.name} does not run; start it with: scripts/devcloud up --with gluster")
    nsenter = debian.find("nsenter") or "nsenter"
    return [nsenter, "-t", str(pid), *ENTER, "--", *map(str, words)]


def environment(world: GlusterWorld, node: Node) -> dict[str, str]:
    """The environment of commands in a node."""
    return {"HOME": str(world.home(node) / "root"), "PATH": PROGRAMS, "LC_ALL": "C.UTF-8"}


def first_process(world: GlusterWorld, node: Node) -> int | None:
    """The pid of a node's first process, None when it does not run."""
    if not world.is_running(node.name):
        return None
    unshare = world.processes[node.name].pid
    children = Path(f"/proc/{unshare}/task/{unshare}/children").read_text(encoding="ascii").split()
    return int(children[0]) if children else None


def attempt(world: GlusterWorld, node: Node, *words: object, timeout: float = COMMAND_SECONDS) -> Done | None:
    """Run a command in a node; None when it does not end in time.

    :raises CloudError: the node does not run
    """
    try:
        return subprocess.run(
            entered(world, node, words), capture_output=True, text=True, env=environment(world, node),
            stdin=subprocess.DEVNULL, timeout=timeout, check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def run(world: GlusterWorld, node: Node, *words: object) -> str:
    """Run a command in a node; what it printed.

    :raises CloudError: it failed, or did not end in time
    """
    done = attempt(world, node, *words)
    command = " ".join(map(str, words))
    if done is None:
        raise CloudError(f"{node.name}: {command} does not end; the logs are in {world.home(node) / 'var/log'}")
    if done.returncode:
        raise CloudError(
            f"{node.name}: {command} failed (status {done.returncode})", (done.stdout + done.stderr).strip()
        )
    return done.stdout


def succeeds(world: GlusterWorld, node: Node, *words: object, timeout: float = 10.0) -> bool:
    """Whether a command succeeds in a node, soon."""
    done = attempt(world, node, *words, timeout=timeout)
    return done is not None and done.returncode == 0


def detach(world: GlusterWorld, node: Node, log: Path, *words: object) -> None:
    """Start a server in a node, which ends with the node."""
    with log.open("ab") as output:
        subprocess.Popen(
            entered(world, node, words), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=environment(world, node), start_new_session=True,
        )


def gluster(world: GlusterWorld, node: Node, *words: object) -> str:
    """Call gluster's command in a node.

    :raises CloudError: it failed
    """
    return run(world, node, "gluster", "--mode=script", *words)
