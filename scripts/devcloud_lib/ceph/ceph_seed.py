"""Fills the pools: images named as Cinder names those of its volumes."""

from __future__ import annotations

from pathlib import Path

from workbench.progress import Say, progress

from devcloud_lib.ceph import ceph_programs
from devcloud_lib.ceph.ceph_cluster import CINDER, DAEMONS, CephCluster, exists, load
from devcloud_lib.errors import CloudError

VOLUMES = {
    "web-root": "0b6f5c1e-7f0a-4d0e-9a55-0d1f3a4b5c60",
    "web-data": "1b6f5c1e-7f0a-4d0e-9a55-0d1f3a4b5c61",
    "db-data": "2b6f5c1e-7f0a-4d0e-9a55-0d1f3a4b5c62",
}
"""Volumes by what they are for: two of a server ``web``, one of a server ``db``."""

POOL = "volumes"
SIZE = "64M"


def seed_ceph(folder: Path, say: Say) -> None:
    """Make the images that are missing, with a little content.

    :param folder: of the development cloud
    :raises CloudError: there is no cluster, or it does not run
    """
    if not exists(folder) or not all(map(load(folder).is_running, DAEMONS)):
        raise CloudError("the cluster does not run; start it with: scripts/devcloud up --with ceph")
    cluster = load(folder)
    with progress("Making the images of volumes", say):
        there = set(ceph_programs.run(cluster, "rbd", "--id", CINDER, "ls", POOL).split())
        for name, id in VOLUMES.items():
            if image_name(id) not in there:
                _make(cluster, name, image_name(id))


def image_name(volume_id: str) -> str:
    """The name that Cinder gives the image of a volume."""
    return f"volume-{volume_id}"


def _make(cluster: CephCluster, name: str, image: str) -> None:
    content = cluster.folder / f"{image}.content"
    content.write_text(f"{name}\n" * 4096, encoding="ascii")
    try:
        ceph_programs.run(cluster, "rbd", "--id", CINDER, "import", content, f"{POOL}/{image}")
        ceph_programs.run(cluster, "rbd", "--id", CINDER, "resize", "--size", SIZE, f"{POOL}/{image}")
    finally:
        content.unlink()
