"""A bound on processes that outlive whoever starts them: each holds a slot as long as it lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Permits:
    """So many files, the lock of each held by one process; the kernel frees it whatever happens to that process.

    :param folder: a private folder, the same for all who share the bound
    :param name: what begins the names of the files
    :param count: how many there are
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        self._paths = [folder / f"{name}-{number}.slot" for number in range(count)]

    def take(self) -> int | None:
        """Take a free slot.

        :return: a descriptor: the slot is taken until the last process that has it open has closed it; None when no
            slot is free
        :raises OSError: the files cannot be used
        """
        for path in self._paths:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        return None
