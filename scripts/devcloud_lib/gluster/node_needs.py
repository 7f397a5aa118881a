"""What the two nodes need of the machine besides packages: containers often do not have it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workbench import debian

FUSE = Path("/dev/fuse")
ATTRIBUTE = "trusted.glancesync"
"""Bricks keep what they know of a file in attributes of this kind."""


def unmet_need(folder: Path) -> str:
    """What the machine does not have that the nodes need, in one line; "" when they can run. The caller is root.

    :param folder: where they are to be, or one on the same file system
    """
    return next(_unmet_needs(folder), "")


def _unmet_needs(folder: Path) -> Iterator[str]:
    if problem := _opening_problem():
        yield f"it mounts volumes by FUSE, and {FUSE} cannot be opened: {problem}"
    if problem := _attribute_problem(folder):
        yield f"its bricks need extended attributes trusted.*, which {folder} refuses: {problem}"
    if problem := _namespace_problem():
        yield f"its nodes need namespaces for network, mounts and processes, joined by veth, and these fail: {problem}"


def _opening_problem() -> str:
    try:
        os.close(os.open(FUSE, os.O_RDWR))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _attribute_problem(folder: Path) -> str:
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.setxattr(file.name, ATTRIBUTE, b"1")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _namespace_problem() -> str:
    ip = debian.find("ip") or "ip"
    unshare = [debian.find("unshare") or "unshare", "-m", "-n", "-u", "-p", "-i", "--fork", "--mount-proc"]
    try:
        done = subprocess.run(
            [*unshare, ip, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    lines = (done.stderr + done.stdout).split("\n")
    return "" if done.returncode == 0 else lines[0].strip() or f"exit code {done.returncode}"
