"""Debian's modules for Ceph, for servers in a virtual environment that are to have these two modules alone."""

from __future__ import annotations

from pathlib import Path

from devcloud_lib.ceph.ceph_cluster import exists, place

SYSTEM_MODULES = Path("/usr/lib/python3/dist-packages")
MODULES = ("rados", "rbd")


def module_folder(folder: Path) -> Path | None:
    """A folder with links to the modules, None without a cluster.

    :param folder: of the development cloud
    """
    if not exists(folder):
        return None
    modules = place(folder) / "python"
    modules.mkdir(exist_ok=True)
    for name in MODULES:
        for path in SYSTEM_MODULES.glob(f"{name}.cpython-*.so"):
            link = modules / path.name
            if not link.is_symlink():
                link.symlink_to(path)
    return modules
