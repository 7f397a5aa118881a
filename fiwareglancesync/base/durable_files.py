"""Writes a file such that it is whole at every moment, also after a loss of power."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read; one that is there is replaced only when the new one is on the disk.

    :param path: the file; its folder is there
    :raises OSError: that is not possible
    """
    target = path.resolve()  # a link stays one
    descriptor, new = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk.

    :raises OSError: that is not possible
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
