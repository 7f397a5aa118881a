"""snapshot_images.py CONF USER POOL COUNT: make images as Cinder does, and print the ids of their volumes."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fiwareglancesync.snapshots.ceph.ceph_bindings import load_bindings

SIZE = 4 * 2**20


def main() -> int:
    """Make them."""
    conf, user, pool, count = sys.argv[1:]
    bindings = load_bindings()
    with (
        bindings.rados.Rados(conffile=conf, rados_id=user) as cluster,
        cluster.open_ioctx(pool) as context,
    ):
        for _ in range(int(count)):
            volume = str(uuid.uuid4())
            bindings.rbd.RBD().create(context, f"volume-{volume}", SIZE)
            print(volume)
    return 0


if __name__ == "__main__":
    sys.exit(main())
