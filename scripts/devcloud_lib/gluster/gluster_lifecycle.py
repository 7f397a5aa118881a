"""Starts, watches, ends and empties the two nodes of a development cloud."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from workbench import debian
from workbench.debian import Part
from workbench.progress import Say, progress

from devcloud_lib import processes
from devcloud_lib.daemon_rows import DaemonRow
from devcloud_lib.errors import CloudError
from devcloud_lib.gluster import gluster_volumes, node_files, node_start
from devcloud_lib.gluster.gluster_world import MASTER, NODES, GlusterWorld, Node, exists, load, place
from devcloud_lib.gluster.node_needs import unmet_need
from devcloud_lib.servers import Health


def up(folder: Path, say: Say) -> GlusterWorld:
    """Start what does not run, and make volumes and sessions that are missing.

    :param folder: of the development cloud
    :raises CloudError: something failed; the next call goes on
    """
    if os.geteuid() != 0:
        raise CloudError("--with gluster needs root: it makes namespaces and mounts; call it as root")
    absent = debian.provide(Part.GLUSTER, say=say)
    if absent:
        raise CloudError(f"gluster and libvirt need packages of Debian; {debian.advice(absent)}")
    _demand_visible(folder)
    problem = unmet_need(folder)
    if problem:
        raise CloudError(f"gluster cannot run on this machine: {problem}")
    place(folder).mkdir(parents=True, exist_ok=True)
    world = load(folder) if exists(folder) else GlusterWorld(place(folder))
    start(world, list(NODES), say)
    return world


def start(world: GlusterWorld, names: Sequence[str], say: Say) -> None:
    """Start the named nodes that do not run, and wait until they work.

    :raises CloudError: one does not
    """
    waiting = [node for node in NODES.values() if node.name in names and not world.is_running(node.name)]
    if waiting:
        node_files.make_files(world)
        with progress(f"Starting {', '.join(node.name for node in waiting)}", say):
            node_start.start_nodes(world, waiting)
    if all(map(world.is_running, NODES)):
        with progress("Making the volumes of gluster and their sessions", say):
            gluster_volumes.make_volumes(world)


def stop(world: GlusterWorld, names: Iterable[str]) -> None:
    """End the named nodes with everything in them, as a power failure would.

    :raises CloudError: one cannot be ended
    """
    for name in [name for name in NODES if name in set(names)]:
        process = world.processes.pop(name, None)
        if process is not None:
            processes.end([process], gently=False)
    world.save()
    node_files.write_on(world)


def down(folder: Path) -> None:
    """End the nodes of a development cloud, if it has any."""
    if exists(folder):
        stop(load(folder), NODES)


def purge(folder: Path) -> None:
    """Remove nodes that are down."""
    shutil.rmtree(place(folder), ignore_errors=True)


def rows(folder: Path) -> list[DaemonRow]:
    """How each node of a development cloud is; none without gluster."""
    if not exists(folder):
        return []
    world = load(folder)
    return [_row(world, node) for node in NODES.values()]


def environment(folder: Path) -> dict[str, str]:
    """The variable with the script that runs a command in a node; none without gluster."""
    return {"GLANCESYNC_DEVCLOUD_NODE": str(load(folder).script)} if exists(folder) else {}


def stop_named(folder: Path, names: Sequence[str]) -> None:
    """End those of some servers that are nodes.

    :param names: others are ignored
    :raises CloudError: there is no gluster
    """
    if set(names) & set(NODES):
        stop(_existing(folder), names)


def start_named(folder: Path, names: Sequence[str], say: Say) -> None:
    """Start those of some servers that are nodes.

    :param names: others are ignored
    :raises CloudError: there is no gluster, or one does not start
    """
    if set(names) & set(NODES):
        start(_existing(folder), names, say)


def reset(folder: Path, say: Say) -> None:
    """Make nodes that run anew, without guests, volumes' content and what was replicated.

    :param folder: of the development cloud
    """
    if not exists(folder) or not any(map(load(folder).is_running, NODES)):
        return
    down(folder)
    purge(folder)
    up(folder, say)


def _existing(folder: Path) -> GlusterWorld:
    if not exists(folder):
        raise CloudError("this cloud has no gluster; up --with gluster makes it")
    return load(folder)


def _demand_visible(folder: Path) -> None:
    """Refuse a folder that the nodes cannot see, since they have folders of their own in its place."""
    for hidden in ("/run", *node_files.HIDDEN):
        if Path(hidden) in folder.parents:
            raise CloudError(f"--with gluster cannot use a folder below {hidden}; choose another one with --dir")


def _row(world: GlusterWorld, node: Node) -> DaemonRow:
    if not world.is_running(node.name):
        return DaemonRow(node.name, Health.DOWN, None, "")
    works = node_start.answers(world, node) and (node != MASTER or node_start.libvirt_answers(world))
    health = Health.UP if works else Health.SILENT
    return DaemonRow(node.name, health, world.processes[node.name].pid, node.address)
