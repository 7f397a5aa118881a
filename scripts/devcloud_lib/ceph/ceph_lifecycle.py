"""Starts, watches, ends and empties the cluster of a development cloud."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from workbench import debian
from workbench.debian import Part
from workbench.progress import Say, progress

from devcloud_lib import install, processes
from devcloud_lib.ceph import ceph_making, ceph_programs
from devcloud_lib.ceph.ceph_cluster import (
    CINDER,
    DAEMONS,
    POOLS,
    SNAPSHOTS,
    CephCluster,
    exists,
    load,
    new_cluster,
    place,
)
from devcloud_lib.daemon_rows import DaemonRow
from devcloud_lib.errors import CloudError
from devcloud_lib.servers import Health
from devcloud_lib.waiting import wait_for

START_SECONDS = 240.0
LOOK_SECONDS = 5
IDS = {"ceph-mon": "a", "ceph-osd": "0", "ceph-mgr": "x"}


def up(folder: Path, say: Say) -> CephCluster:
    """Start what does not run, and make pools and users that are missing.

    :param folder: of the development cloud
    :raises CloudError: something failed; the next call goes on
    """
    absent = debian.provide(Part.CEPH, say=say)
    if absent:
        raise CloudError(f"Ceph needs packages of Debian; {debian.advice(absent)}")
    cluster = load(folder) if exists(folder) else new_cluster(folder)
    ceph_making.make_folders(cluster)
    cluster.save()
    start(cluster, DAEMONS, say)
    _make_pools(cluster)
    _make_users(cluster)
    return cluster


def start(cluster: CephCluster, names: Sequence[str], say: Say) -> None:
    """Start the named daemons that do not run, and wait until they work.

    :raises CloudError: one does not
    """
    waiting = [name for name in DAEMONS if name in names and not cluster.is_running(name)]
    if not waiting:
        return
    with progress(f"Starting {', '.join(waiting)}", say):
        for name in waiting:
            _MAKE[name](cluster)
            _spawn(cluster, name)
            _wait(cluster, name)


def stop(cluster: CephCluster, names: Iterable[str], *, gently: bool = True) -> None:
    """End the named daemons, in the reverse order of their start.

    :param gently: False means as a crash would
    :raises CloudError: one cannot be ended
    """
    for name in [name for name in reversed(DAEMONS) if name in set(names)]:
        process = cluster.processes.get(name)
        if process is not None:
            processes.end([process], gently=gently)
            del cluster.processes[name]
    cluster.save()


def down(folder: Path) -> None:
    """End the daemons of a development cloud, if it has any."""
    if exists(folder):
        stop(load(folder), DAEMONS)


def purge(folder: Path) -> None:
    """Remove a cluster that is down."""
    shutil.rmtree(place(folder), ignore_errors=True)


def rows(folder: Path) -> list[DaemonRow]:
    """How each daemon of a development cloud is; none without a cluster."""
    if not exists(folder):
        return []
    cluster = load(folder)
    return [_row(cluster, name) for name in DAEMONS]


def environment(folder: Path) -> dict[str, str]:
    """The variables that let clients use the cluster of a development cloud; none without a cluster."""
    return {"CEPH_CONF": str(load(folder).config_file)} if exists(folder) else {}


def stop_named(folder: Path, names: Sequence[str], *, gently: bool = True) -> None:
    """End those of some daemons that are named.

    :param names: others are ignored
    :param gently: False means as a crash would
    :raises CloudError: there is no cluster
    """
    if set(names) & set(DAEMONS):
        stop(_existing(folder), names, gently=gently)


def start_named(folder: Path, names: Sequence[str], say: Say) -> None:
    """Start those of some daemons that are named.

    :param names: others are ignored
    :raises CloudError: there is no cluster, or one does not start
    """
    if set(names) & set(DAEMONS):
        start(_existing(folder), names, say)


def reset(folder: Path, say: Say) -> None:
    """Start what is stopped of a cluster that runs, and make its pools anew, without images.

    :param folder: of the development cloud
    """
    if not exists(folder):
        return
    cluster = load(folder)
    if not any(map(cluster.is_running, DAEMONS)):
        return
    start(cluster, DAEMONS, say)
    for pool in sorted(_pools(cluster)):
        if pool in POOLS:
            ceph_programs.run(cluster, "ceph", "osd", "pool", "delete", pool, pool, "--yes-i-really-really-mean-it")
    _make_pools(cluster)


def _existing(folder: Path) -> CephCluster:
    if not exists(folder):
        raise CloudError("this cloud has no Ceph; up --with ceph makes it")
    return load(folder)


def _row(cluster: CephCluster, name: str) -> DaemonRow:
    is_running = cluster.is_running(name)
    health = (Health.UP if _answers(cluster, name) else Health.SILENT) if is_running else Health.DOWN
    process = cluster.processes.get(name)
    address = f"v2:127.0.0.1:{cluster.port}" if name == "ceph-mon" else ""
    return DaemonRow(name, health, process.pid if process and is_running else None, address)


def _spawn(cluster: CephCluster, name: str) -> None:
    command = [ceph_programs.program(name), "-c", str(cluster.config_file), "-f", "-i", IDS[name]]
    log = cluster.log(name)
    cluster.processes[name] = processes.spawn(
        command, folder=cluster.folder, log=log, environment=ceph_programs.environment()
    )
    cluster.save()


def _wait(cluster: CephCluster, name: str) -> None:
    has_ended = False

    def is_decided() -> bool:
        nonlocal has_ended
        has_ended = not cluster.is_running(name)
        return has_ended or _answers(cluster, name)

    if not wait_for(is_decided, START_SECONDS) or has_ended:
        what = "ended while starting" if has_ended else f"does not work after {START_SECONDS:.0f} s"
        raise CloudError(f"{name} {what}; the logs are in {cluster.folder / 'log'}", install.tail(cluster.log(name), 0))


def _answers(cluster: CephCluster, name: str) -> bool:
    """Whether the monitor answers, and says that a daemon works."""
    done = ceph_programs.attempt(
        cluster, "ceph", "--connect-timeout", LOOK_SECONDS, "status", "--format", "json", timeout=2 * LOOK_SECONDS
    )
    if done is None or done.returncode:
        return False
    status = json.loads(done.stdout)
    if name == "ceph-osd":
        return int(status["osdmap"]["num_up_osds"]) == 1
    return bool(status["mgrmap"]["available"]) if name == "ceph-mgr" else bool(status["quorum"])


def _pools(cluster: CephCluster) -> set[str]:
    return set(json.loads(ceph_programs.run(cluster, "ceph", "osd", "pool", "ls", "--format", "json")))


def _make_pools(cluster: CephCluster) -> None:
    there = _pools(cluster)
    for pool in POOLS:
        if pool not in there:
            ceph_programs.run(cluster, "ceph", "osd", "pool", "create", pool, 8, 8)
            ceph_programs.run(cluster, "rbd", "pool", "init", pool)


def _make_users(cluster: CephCluster) -> None:
    """Make the users of clients: that of Cinder, and one that may make and remove snapshots, and blocklist nobody.

    With ``mon profile rbd`` librbd would blocklist a virtual machine that does not answer.
    """
    osd = ", ".join(f"profile rbd pool={pool}" for pool in POOLS)
    for user, monitor in ((CINDER, "profile rbd"), (SNAPSHOTS, "allow r")):
        ceph_programs.run(
            cluster, "ceph", "auth", "get-or-create", f"client.{user}", "mon", monitor, "osd", osd,
            "-o", cluster.keyring(user),
        )


_MAKE: dict[str, Callable[[CephCluster], None]] = {
    "ceph-mon": ceph_making.make_monitor,
    "ceph-osd": ceph_making.make_osd,
    "ceph-mgr": ceph_making.make_manager,
}
