"""Makes, starts and mounts the volumes of both nodes, and the sessions of geo-replication between them."""

from __future__ import annotations

import json

from devcloud_lib.errors import CloudError
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, SSH_PORT, VOLUMES, GlusterWorld, Node, Replicated
from devcloud_lib.gluster.node_commands import gluster, run, succeeds
from devcloud_lib.waiting import wait_for

ROLLOVER_SECONDS = 3
"""Seconds between two changelogs; a checkpoint is complete after about as many. Gluster's default is 15."""

KEYS_SECONDS = 240.0


def make_volumes(world: GlusterWorld) -> None:
    """Make what is missing, start what is stopped, and mount all.

    :raises CloudError: something failed
    """
    for volume in VOLUMES:
        _make(world, MASTER, volume.name, _changelog_options() | _shard_options(volume))
        for slave in volume.slaves:
            _make(world, SLAVE, slave, _shard_options(volume))
    for volume in VOLUMES:
        for slave in volume.slaves:
            _make_session(world, volume, slave)


def session(volume: Replicated, slave: str) -> tuple[str, ...]:
    """The words of gluster's command that name a session."""
    return ("volume", "geo-replication", volume.name, f"{SLAVE.host}::{slave}")


def _changelog_options() -> dict[str, str]:
    """Options that have to be set before a brick starts: a brick that runs does not deliver its changelogs then."""
    return {
        "changelog.rollover-time": str(ROLLOVER_SECONDS),
        "geo-replication.indexing": "on",
        "geo-replication.ignore-pid-check": "on",
        "changelog.changelog": "on",
    }


def _shard_options(volume: Replicated) -> dict[str, str]:
    return {"features.shard": "on", "features.shard-block-size": volume.shard} if volume.shard else {}


def _make(world: GlusterWorld, node: Node, name: str, options: dict[str, str]) -> None:
    if name not in gluster(world, node, "volume", "list").split():
        brick = world.brick(node, name)
        brick.mkdir(parents=True, exist_ok=True)
        # The brick is on the file system of the machine, hence "force".
        gluster(world, node, "volume", "create", name, f"{node.host}:{brick}", "force")
        if options:
            # All in one call: each takes as long as all of them.
            gluster(world, node, "volume", "set", name, *(word for option in options.items() for word in option))
    gluster(world, node, "volume", "start", name, "force")
    mount = world.mount(node, name)
    mount.mkdir(parents=True, exist_ok=True)
    if not succeeds(world, node, "mountpoint", "-q", mount):
        run(world, node, "mount", "-t", "glusterfs", f"{node.host}:/{name}", mount)


def _make_session(world: GlusterWorld, volume: Replicated, slave: str) -> None:
    """Make a session that copies with rsync, and leave it as created: what is under test starts it."""
    made = world.folder / "sessions.json"
    done = json.loads(made.read_text(encoding="utf-8")) if made.exists() else []
    if slave in done:
        return
    words = session(volume, slave)
    if not (world.home(MASTER) / "var/lib/glusterd/geo-replication/common_secret.pem.pub").exists():
        gluster(world, MASTER, "system::", "execute", "gsec_create")
    gluster(world, MASTER, *words, "create", "ssh-port", SSH_PORT, "push-pem", "force")
    gluster(world, MASTER, *words, "config", "ssh-port", SSH_PORT)
    # "create" returns before the keys have been handed over; the last act of that is to make the slave read-only.
    if not wait_for(lambda: "features.read-only: on" in gluster(world, SLAVE, "volume", "info", slave), KEYS_SECONDS):
        raise CloudError(f"the keys of the session to {slave} do not arrive; the logs are in "
                         f"{world.home(MASTER) / 'var/log/glusterfs'}")
    made.write_text(json.dumps([*done, slave]), encoding="ascii")
