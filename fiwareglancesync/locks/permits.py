"""Permits bound how many processes run at once, even after the process that started them has died."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Permits:
    """Files that are locked, one by each process; the kernel frees the lock when the process ends, however it ends.

    :param folder: a private folder, the same for all processes that share the bound
    :param name: the beginning of the files' names
    :param count: how many permits there are
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        self._paths = [folder / f"{name}-{number}.permit" for number in range(count)]

    def take(self) -> int | None:
        """Take a permit.

        :return: a descriptor: the permit is held until all processes that have it open have closed it; None when no
            permit is free
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
