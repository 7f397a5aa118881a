"""A folder in memory, with a short path, for what must be fast: MariaDB's data, RabbitMQ's data, sockets and locks.

On disk the services would wait for MariaDB most of the time; and the path of a socket may not have more than 107 bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from devcloud_lib.errors import CloudError
from devcloud_lib.state import Cloud

# A folder of ours in them is private.
MEMORY = Path("/dev/shm")  # noqa: S108
DISK = Path("/tmp")  # noqa: S108
NEEDED_BYTES = 512 * 2**20
DATA = "mariadb"


def path_of(folder: Path) -> Path:
    """The runtime folder of the cloud in `folder`, whether it is there or not."""
    name = f"glancesync-devcloud-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    present = [parent / name for parent in (MEMORY, DISK) if (parent / name).is_dir()]
    if present:
        return present[0]
    return place() / name


def place() -> Path:
    """Where a runtime folder is made: in memory, or on disk where there is no room in memory."""
    return MEMORY if _has_room(MEMORY) else DISK


def make(path: Path) -> None:
    """Make a runtime folder, unless it is there.

    :raises CloudError: another user has made it.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise CloudError(f"{path} belongs to another user; remove it, or use another folder for the cloud")


def fetch_data(cloud: Cloud) -> bool:
    """Have MariaDB's data in the runtime folder.

    :returns: whether there is any: after a power failure in a running cloud there is none.
    """
    runtime = path_of(cloud.folder)
    make(runtime)
    kept = _kept_data(cloud)
    if kept.is_dir():
        shutil.rmtree(runtime / DATA, ignore_errors=True)
        shutil.move(kept, runtime / DATA)
    return (runtime / DATA).is_dir()


def give_back(cloud: Cloud) -> None:
    """Keep MariaDB's data in the cloud's folder and free the memory; the servers do not run."""
    runtime = path_of(cloud.folder)
    if (runtime / DATA).is_dir():
        kept = _kept_data(cloud)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(kept.with_name("data.new"), ignore_errors=True)
        shutil.move(runtime / DATA, kept.with_name("data.new"))
        kept.with_name("data.new").rename(kept)
    remove(cloud)


def remove(cloud: Cloud) -> None:
    """Remove the runtime folder."""
    shutil.rmtree(path_of(cloud.folder), ignore_errors=True)


def _kept_data(cloud: Cloud) -> Path:
    return cloud.services["mariadb"].folder / "data"


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= NEEDED_BYTES
