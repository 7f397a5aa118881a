"""Reads all bytes of a content, and says what is wrong with them (vault 2.3)."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...base.content import PIECE_BYTES
from . import vault_files
from .vault_errors import VaultFailed

OF_ONE_FILE = frozenset((errno.EACCES, errno.EPERM))
"""Errors that end all writing, but concern one file when it is read: another user may have written it."""

Progress = Callable[[int], None]
"""Takes the number of bytes that have been read since the last call; may raise to end the reading."""


@dataclass(frozen=True)
class Reading:
    """What one reading of a file came to.

    :param fault: what is wrong, None when nothing is
    :param size: bytes that were read
    :param inode: device and number of the file, None when it may not be opened or read
    """

    fault: str | None
    size: int = 0
    inode: tuple[int, int] | None = None


@dataclass(frozen=True)
class ContentCheck:
    """What came of checking a content.

    :param fault: what is wrong, None when nothing is
    :param inode: device and number of the file
    :param misread: what the first reading found when the second one found nothing: memory, cache or cable are faulty
    """

    fault: str | None
    size: int
    inode: tuple[int, int] | None
    misread: str | None = None


def check_content(path: Path, sha512: str, progress: Progress) -> ContentCheck | None:
    """Read a content; if it is wrong, read it again from the disk, past the page cache.

    :param path: its file
    :param sha512: what its bytes have to have
    :return: what came of it; None when the file is not there any more
    :raises VaultFailed: the disk is gone
    """
    first = _read(path, sha512, progress)
    if first is None:
        return None
    if first.fault is None:
        return ContentCheck(None, first.size, first.inode)
    _drop_cache(path)
    again = _read(path, sha512, lambda count: progress(0))
    if again is None:
        return None
    if again.fault is None:
        return ContentCheck(None, again.size, again.inode, misread=first.fault)
    return ContentCheck(again.fault, again.size, again.inode)


def _read(path: Path, sha512: str, progress: Progress) -> Reading | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Reading(_unreadable(error))
    try:
        status = os.fstat(descriptor)
        inode = status.st_dev, status.st_ino
        if not stat.S_ISREG(status.st_mode):
            return Reading("it is no file", 0, inode)
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        size, found = _hash(descriptor, progress)
    except OSError as error:
        return Reading(_unreadable(error), 0, None if error.errno in OF_ONE_FILE else inode)
    finally:
        os.close(descriptor)
    fault = None if found == sha512 else f"its {size} bytes have the SHA-512 {found}"
    return Reading(fault, size, inode)


def _unreadable(error: OSError) -> str:
    """What is wrong with a file that cannot be read.

    :raises VaultFailed: it is no fault of this file alone
    """
    found = vault_files.vault_error(error)
    if isinstance(found, VaultFailed) and error.errno not in OF_ONE_FILE:
        raise found from error
    return f"it cannot be read: {error.strerror}"


def _hash(descriptor: int, progress: Progress) -> tuple[int, str]:
    buffer = bytearray(PIECE_BYTES)
    view = memoryview(buffer)
    found, size = hashlib.sha512(usedforsecurity=False), 0
    while count := os.readv(descriptor, [buffer]):
        found.update(view[:count])
        size += count
        progress(count)
    return size, found.hexdigest()


def _drop_cache(path: Path) -> None:
    """Have the next reading come from the disk."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
