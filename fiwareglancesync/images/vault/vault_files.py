"""What a vault does with files and folders: each step is on the disk before the next one begins (vault 1.2).

Everything that changes a vault is here. Errors of the system become errors of the vault (vault 1.4).
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from ...base.content import WRITE_BYTES
from .vault_errors import VaultError, VaultFailed

P = ParamSpec("P")
T = TypeVar("T")

FILE_MODE, FOLDER_MODE = 0o600, 0o700

FICLONE = 0x40049409
"""The request of ``ioctl`` that lets a file share the blocks of another one."""

_ENDS_VAULT = frozenset(
    (
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS),
        *(errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.EHOSTDOWN, errno.ENOENT),
        *(errno.EACCES, errno.EPERM),
    )
)
"""What ends all writing. A folder that is missing (ENOENT) means that the disk is not there any more."""


def vault_error(error: OSError) -> VaultError:
    """The error of a vault for one of the system.

    :param error: of the system
    """
    kind = VaultFailed if error.errno in _ENDS_VAULT else VaultError
    path = error.filename2 or error.filename
    where = f"{os.fsdecode(path)}: " if isinstance(path, str | bytes | os.PathLike) else ""
    return kind(f"{where}{error.strerror or error}")


def in_vault(function: Callable[P, T]) -> Callable[P, T]:
    """Have a function raise errors of a vault instead of those of the system, except for ``FileExistsError``."""

    @functools.wraps(function)
    def mapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except FileExistsError:
            raise
        except OSError as error:
            raise vault_error(error) from error

    return mapped


@in_vault
def make_folder(path: Path) -> None:
    """Make a folder, unless it is there. The folder above has to be there: it may be on a disk that is gone."""
    try:
        os.mkdir(path, FOLDER_MODE)
    except FileExistsError:
        return
    _sync_folder(path.parent)


@in_vault
def write_new(path: Path, content: bytes) -> None:
    """Write a new file, to the disk; its name may still get lost.

    :raises FileExistsError: there is such a file
    """
    descriptor = create(path)
    try:
        write_at(descriptor, path, content, 0)
        finish(descriptor, path, len(content))
    finally:
        os.close(descriptor)


def create(path: Path) -> int:
    """Make a file for reading and writing.

    :return: its descriptor
    :raises FileExistsError: there is such a file
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)


@in_vault
def write_at(descriptor: int, path: Path, content: bytes | memoryview, position: int) -> None:
    """Write all of a content; on a full disk, fewer bytes are written at first.

    :param path: of the file, for errors
    :param position: of its first byte
    """
    view = memoryview(content)
    while view:
        count = _named(path, os.pwrite, descriptor, view[:WRITE_BYTES], position)
        view, position = view[count:], position + count


@in_vault
def finish(descriptor: int, path: Path, size: int) -> None:
    """Give a file its length, as it may end with a hole, and write it to the disk."""
    _named(path, os.ftruncate, descriptor, size)
    _named(path, os.fsync, descriptor)


def _named(path: Path, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the system for an open file; its errors name the file."""
    try:
        return call(*args, **kwargs)
    except OSError as error:
        error.filename = str(path)
        raise


@in_vault
def link_new(part: Path, path: Path) -> None:
    """Give a finished file its name, which no other file has, and remove the former one.

    :param part: the file as it was written
    :param path: the name
    :raises FileExistsError: another file has this name; ``part`` stays
    """
    try:
        os.link(part, path)
    except FileExistsError:
        # A network file system may have done it, and lost the answer.
        if not os.path.samefile(part, path):
            raise
    _sync_folder(path.parent)
    os.unlink(part)


@in_vault
def publish(part: Path, path: Path) -> None:
    """Give a finished file its name, which no other file has; a file system without hard links will do.

    :raises FileExistsError: another file has this name; ``part`` stays
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        os.close(create(path))
        os.replace(part, path)
    _sync_folder(path.parent)


@in_vault
def rename(part: Path, path: Path) -> None:
    """Give a file another name, in place of the file that has it."""
    os.replace(part, path)
    _sync_folder(path.parent)


@in_vault
def rename_if_there(path: Path, to: Path) -> bool:
    """Give a file another name, if it is still there.

    :return: whether it was
    """
    try:
        os.replace(path, to)
    except FileNotFoundError:
        return False
    _sync_folder(to.parent)
    return True


@in_vault
def link_if_there(path: Path, to: Path) -> None:
    """Give a file a further name, if it is still there."""
    try:
        os.link(path, to)
    except (FileNotFoundError, FileExistsError):
        return
    _sync_folder(to.parent)


@in_vault
def mark(path: Path, like: Path) -> bool:
    """Make a file of which only the name counts, unless it is there; its folder has to be synchronised afterwards.

    A further name of another file is cheaper than a new file: after many removals, an ext4 without a journal needs
    milliseconds to find one.

    :param like: a file in the same file system
    :return: whether it was made
    """
    try:
        os.link(like, path)
    except FileExistsError:
        return False
    except OSError:
        return _create_empty(path)  # file systems limit the number of names; errors are those of a new file
    return True


def _create_empty(path: Path) -> bool:
    try:
        os.close(create(path))
    except FileExistsError:
        return False
    return True


@in_vault
def sync_folder(path: Path) -> None:
    """Write the names in a folder to the disk."""
    _sync_folder(path)


@in_vault
def sync_folder_if_there(path: Path) -> None:
    """Write the names in a folder to the disk, unless it is gone."""
    with suppress(FileNotFoundError):
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _named(path, os.fsync, descriptor)
    finally:
        os.close(descriptor)


@in_vault
def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


@in_vault
def remove_folder(path: Path) -> None:
    """Remove a folder of files, if it is there; a folder below it is left alone, and then this one is too."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return
    for name in names:
        try:
            os.unlink(path / name)
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            continue
    remove_folder_if_empty(path)


@in_vault
def remove_folder_if_empty(path: Path) -> None:
    """Remove a folder, if it is there and empty; a link to one stays."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise


def clone(source: int, descriptor: int) -> bool:
    """Let a file share all blocks of another one, if the file system can.

    :param source: descriptor of the file that has the content
    :param descriptor: descriptor of the file that gets it
    """
    try:
        fcntl.ioctl(descriptor, FICLONE, source)
    except OSError:
        return False
    return True


@in_vault
def read(path: Path) -> bytes:
    """Read a whole file.

    :raises VaultError: it is not there, or cannot be read
    """
    content = read_if_there(path)
    if content is None:
        raise VaultError(f"{path} is missing")
    return content


@in_vault
def read_if_there(path: Path) -> bytes | None:
    """Read a whole file; None when it is not there.

    :raises VaultError: it cannot be read, or is a link to what is not there, such as a disk that is not mounted
    """
    try:
        return read_file(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise VaultError(f"{path} is a link to a file that is missing") from None
        return None


def read_file(path: Path) -> bytes:
    """Read a whole file.

    :raises OSError: it cannot be opened or read
    :raises VaultError: it is a folder or a special file
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise VaultError(f"{path} is no file")  # a pipe has no end
    with open(descriptor, "rb") as file:
        return file.read()


@in_vault
def inode_of(path: Path) -> tuple[int, int] | None:
    """Device and number of a file, which identify it; None when it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def changed(path: Path) -> float | None:
    """When a file was written, in seconds since 1970; None when it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def stored_bytes(path: Path) -> int:
    """The bytes that a file takes on the disk, without its holes; 0 when it is gone."""
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


@in_vault
def space_of(path: Path) -> tuple[int, int]:
    """The bytes that can still be written in a folder, and all bytes of its file system."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


@in_vault
def free_bytes(path: Path) -> int:
    """The bytes that can still be written in a folder."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
