"""``scripts/try --snapshots``: snapshots of volumes in real Ceph, of servers of real Nova; one volume is deleted.

Called as a program, it does what the owner of a volume and an administrator of Ceph do in the trial:
``snapshot_trial.py delete-volume``, ``prune``, ``empty-trash`` and ``pool-usage``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from workbench.cloud import CHECKOUT

FOLDER = CHECKOUT / ".try" / "snapshots"
"""The configuration, the schedule, the list of servers and the database of the trial."""

CONFIGURATION, SCHEDULE = FOLDER / "glancesync.conf", FOLDER / "snap_sched.yml"

WRONG = "shop: 2@mon-fri@2-4\nmail: 3@sun\n"
RIGHT = "shop: 2@mon-fri@2,3,4\nmail: 3@sun\n"

DELETED, ITS_SERVER = "shop-data", "shop"

WAIT_SECONDS = 60
"""How long one of the servers may take for a change."""

LESS_BYTES = 2**23
"""By how much less the pool holds without the image; with every snapshot Ceph counts a few bytes more or less."""


def variables(cloud_variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the trial.

    :param cloud_variables: those of the account that lists all servers
    """
    return {**cloud_variables, "GLANCESYNC_CONFIG": str(CONFIGURATION)}


def write_files(ceph_conf: str) -> None:
    """Write the configuration, and a schedule with a mistake.

    :param ceph_conf: path of the configuration of Ceph
    """
    lines = [
        "[main]",
        f"database = sqlite:///{FOLDER / 'state.db'}",
        "[snapshots]",
        f"schedule_file = {SCHEDULE}",
        f"server_list = {FOLDER / 'server_list.txt'}",
        f"ceph_conf = {ceph_conf}",
        "# So short for this trial only: the defaults are 3h and 24h.",
        "inventory_period = 1s",
        "deleted_keep = 1s",
    ]
    CONFIGURATION.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    SCHEDULE.write_text(WRONG, encoding="utf-8")


@contextmanager
def mended() -> Iterator[None]:
    """Have a schedule without the mistake."""
    SCHEDULE.write_text(RIGHT, encoding="utf-8")
    yield


def command(action: str) -> Sequence[str]:
    """The command of the trial that does something beside the program."""
    return ("python", "scripts/workbench/snapshot_trial.py", action)


def _delete_volume() -> None:
    """Detach and delete a volume, as its owner."""
    import openstack

    cloud: Any = openstack.connect()
    server = cloud.compute.find_server(ITS_SERVER)
    volume = next(each for each in cloud.block_storage.volumes() if each.name == DELETED)
    cloud.compute.delete(f"/servers/{server.id}/os-volume_attachments/{volume.id}")
    end = time.monotonic() + WAIT_SECONDS
    while cloud.block_storage.get_volume(volume).status != "available" and time.monotonic() < end:
        time.sleep(0.2)
    cloud.block_storage.delete_volume(volume)
    while any(each.id == volume.id for each in cloud.block_storage.volumes()) and time.monotonic() < end:
        time.sleep(0.2)
    print(f"Volume {volume.name} ({volume.id}) is deleted, as Cinder reports it")


def _empty_trash() -> None:
    """Remove the images in the trash that have no snapshots, as Cinder or an administrator does in the end."""
    listed = _output("rbd", "--id", "cinder", "trash", "list", "volumes", "--format", "json")
    for image in json.loads(listed):
        words = ("rbd", "--id", "cinder", "trash", "remove", f"volumes/{image['id']}")
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            print(f"The image {image['name']} is removed from the trash")


def _prune() -> None:
    """Call the program until the time for which copies of a deleted volume are kept is over."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        printed = _output("glancesync", "snapshots", "run", "--prune").decode()
        if "removed" in printed or time.monotonic() >= end:
            break
    print(printed, end="")


def _pool_usage() -> None:
    """Print how much the pool holds; the second time less than the first, which Ceph counts with a delay."""
    before = FOLDER / "used"
    limit = int(before.read_text(encoding="ascii")) if before.exists() else sys.maxsize
    end = time.monotonic() + WAIT_SECONDS
    while (used := _stored()) > limit - LESS_BYTES and time.monotonic() < end:
        time.sleep(0.5)
    before.write_text(str(used), encoding="ascii")
    print(f"The pool volumes holds {used / 2**20:.0f} MiB")


def _stored() -> int:
    pools = json.loads(_output("ceph", "--id", "snapmanager", "df", "--format", "json"))["pools"]
    return int(next(pool["stats"]["stored"] for pool in pools if pool["name"] == "volumes"))


def _output(*words: str) -> bytes:
    return subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout


ACTIONS = {
    "delete-volume": _delete_volume,
    "prune": _prune,
    "empty-trash": _empty_trash,
    "pool-usage": _pool_usage,
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]]()
