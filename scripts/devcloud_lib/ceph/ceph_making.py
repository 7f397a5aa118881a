"""Gives a new cluster its keys, its folders and the data of its daemons."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from devcloud_lib.ceph import ceph_programs
from devcloud_lib.ceph.ceph_cluster import CephCluster
from devcloud_lib.ceph.ceph_config import ceph_config
from devcloud_lib.state import write_private

MADE = ".made"
"""A file that says that a daemon's data are complete."""

MODULES = Path("/usr/share/ceph/mgr")
NEEDED_MODULES = (
    "balancer", "crash", "devicehealth", "orchestrator", "pg_autoscaler", "progress", "rbd_support", "status",
    "telemetry", "volumes", "mgr_module.py", "mgr_util.py",
)  # fmt: skip
"""Those that are always on; with all of them a manager takes twice the memory and time."""


def make_folders(cluster: CephCluster) -> None:
    """Make the folders and the configuration of a cluster."""
    for name in ("run", "log"):
        (cluster.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(cluster.config_file, ceph_config(cluster))


def make_monitor(cluster: CephCluster) -> None:
    """Make the keys of all, and the data of the monitor, which knows them from its first map on."""

    def make(data: Path) -> None:
        work = cluster.folder / "monitor.keyring"
        for path in (cluster.admin_keyring, work, _osd_keyring(cluster)):
            path.unlink(missing_ok=True)
        manager = cluster.data("ceph-mgr")
        manager.mkdir(exist_ok=True, mode=0o700)
        ceph_programs.make_key(
            cluster.admin_keyring, "client.admin", mon="allow *", osd="allow *", mgr="allow *", mds="allow *"
        )
        ceph_programs.make_key(work, "mon.", mon="allow *")
        ceph_programs.make_key(
            _osd_keyring(cluster), "osd.0", mon="allow profile osd", mgr="allow profile osd", osd="allow *"
        )
        ceph_programs.make_key(
            manager / "keyring", "mgr.x", mon="allow profile mgr", osd="allow *", mds="allow *"
        )
        for keyring in (cluster.admin_keyring, _osd_keyring(cluster), manager / "keyring"):
            ceph_programs.authtool(work, "--import-keyring", str(keyring))
        addresses = f"[v2:127.0.0.1:{cluster.port},v1:127.0.0.1:{cluster.second_port}]"
        monmap = cluster.folder / "monmap"
        ceph_programs.run(
            cluster, "monmaptool", "--create", "--clobber", "--fsid", cluster.fsid, "--addv", "a", addresses,
            "--enable-all-features", monmap,
        )
        ceph_programs.run(
            cluster, "ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", work
        )

    _once(cluster.data("ceph-mon"), make)


def make_osd(cluster: CephCluster) -> None:
    """Make the data of the OSD; the monitor has to run."""

    def make(data: Path) -> None:
        id = str(uuid.uuid4())
        ceph_programs.run(cluster, "ceph", "osd", "create", id, 0)
        lines = _osd_keyring(cluster).read_text(encoding="ascii").splitlines(keepends=True)
        write_private(data / "keyring", "".join(line for line in lines if "caps" not in line))
        ceph_programs.run(cluster, "ceph-osd", "-i", 0, "--mkfs", "--osd-uuid", id)

    _once(cluster.data("ceph-osd"), make)


def make_manager(cluster: CephCluster) -> None:
    """Give the manager its modules."""
    modules = cluster.data("ceph-mgr") / "modules"
    modules.mkdir(exist_ok=True, mode=0o700)
    for name in NEEDED_MODULES:
        link = modules / name
        if not link.is_symlink():
            link.symlink_to(MODULES / name)


def _once(data: Path, make: Callable[[Path], None]) -> None:
    """Make the data of a daemon unless they are complete."""
    if (data / MADE).exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    make(data)
    (data / MADE).touch()


def _osd_keyring(cluster: CephCluster) -> Path:
    return cluster.folder / "osd.keyring"
