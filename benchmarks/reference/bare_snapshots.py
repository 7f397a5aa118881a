"""Makes a snapshot of each image and removes the one before: ``bare_snapshots.py CONF USER POOL THREADS FILE``."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings

conf, user, pool, threads, names = sys.argv[1:]
rados, rbd = load_bindings()
name = f"bare_{time.time_ns()}"


def snapshot(image_name: str) -> None:
    with rbd.Image(context, image_name) as image:
        image.create_snap(name)
        own = [each["name"] for each in image.list_snaps() if each["name"].startswith("bare_")]
        for old in own[:-1]:
            image.remove_snap(old)


with (
    rados.Rados(conffile=conf, rados_id=user) as cluster,
    cluster.open_ioctx(pool) as context,
    ThreadPoolExecutor(int(threads)) as workers,
):
    list(workers.map(snapshot, Path(names).read_text(encoding="ascii").split()))
