"""Tries a mounted volume: whether files can be made and removed, and how much room there is (vms 2.0)."""

from __future__ import annotations

import os
from pathlib import Path

from ...base.errors import system_error
from ..planning.preflight_checks import Space
from ..vm_errors import GlusterError

PROBE_PREFIX = ".glancesync-probe-"


def probe_writing(mount: Path, run: str) -> str:
    """Make a file in the root of a mounted volume and remove it.

    :param run: id, part of the file's name
    :returns: why that failed, "" when it did not
    """
    path = mount / f"{PROBE_PREFIX}{run}"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.close(file)
        path.unlink()
    except OSError as error:
        return f"files cannot be made and removed on the slave: {system_error(error)}"
    return ""


def writing_problem(mount: Path) -> str:
    """Why files cannot be made in the root of a mounted volume, as far as that shows without making one.

    A volume whose bricks are mounted for reading only says so.

    :returns: "" for nothing
    """
    return "" if os.access(mount, os.W_OK | os.X_OK) else "files cannot be made on the slave: it is read-only"


def space_of(mount: Path, where: str) -> Space:
    """The room of a mounted volume.

    :param where: how messages name it
    :raises GlusterError: the mount does not answer
    """
    try:
        status = os.statvfs(mount)
    except OSError as error:
        raise GlusterError(f"{where} does not answer: {system_error(error)}") from error
    return Space(where, status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize)
