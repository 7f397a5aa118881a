"""Reads files of a mounted volume such that no symbolic link leads elsewhere (vms 2.5).

The text of this file is also run on the slave, which may have an older Python than this program: it needs Python 3.7
and its library, and nothing of the program. There ``serve`` mounts the volume and answers, a line for each file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import time

CHUNK = 2**20
"""Bytes that are read at once, and that count as a hole when all are zero."""

SAMPLE = 2**16
"""Bytes of a sample."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocked, for a named pipe would block for ever."""

BEAT_SECONDS = 15.0
"""Between two signs of life while a file is read: an empty line instead of an answer."""

GFID = "glusterfs.gfid.string"
MOUNT_PREFIX = "glancesync-vms-"


def open_folder(mount: str, parts: tuple[str, ...]) -> int:
    """Open a folder below a mount.

    :param parts: of its path
    :raises OSError: it is not there, or is a symbolic link
    """
    opened = os.open(mount, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        if part in ("", ".", "..") or "/" in part:
            os.close(opened)
            raise ValueError(part)
        try:
            below = os.open(part, FOLDER, dir_fd=opened)
        finally:
            os.close(opened)
        opened = below
    return opened


def open_file(mount: str, parts: tuple[str, ...]) -> int:
    """Open an ordinary file below a mount, to read it.

    :param parts: of its path
    :raises OSError: it is not there, or is no ordinary file
    """
    folder = open_folder(mount, parts[:-1])
    try:
        opened = os.open(parts[-1], FILE, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(0, "it is no ordinary file")
    return opened


def identity(file: int) -> str:
    """A word that changes when a file does: gluster's id or the inode, size, and times in nanoseconds."""
    status = os.fstat(file)
    try:
        name = os.getxattr(file, GFID).decode("ascii")
    except OSError:
        name = str(status.st_ino)
    return f"{name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


class Progress:
    """Is called after each block that is read; what it raises ends the reading. This one does nothing."""

    def step(self) -> None:
        """A block has been read."""


class Beats(Progress):
    """Prints an empty line now and then, so that the other end sees that reading goes on."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def step(self) -> None:
        """A block has been read."""
        now = time.monotonic()
        if now - self._last >= BEAT_SECONDS:
            self._last = now
            sys.stdout.write("\n")
            sys.stdout.flush()


def digest(file: int, progress: Progress) -> str:
    """A digest of everything in a file that is not zero, with its place; holes and zeros are the same.

    :raises OSError: it cannot be read
    """
    size = os.fstat(file).st_size
    found = hashlib.sha256()
    zeros = bytes(CHUNK)
    position = 0
    while position < size:
        start, end = _data(file, position, size)
        for at in range(start - start % CHUNK, end, CHUNK):
            chunk = read_at(file, at, min(CHUNK, size - at))
            if chunk != zeros[: len(chunk)]:
                found.update(at.to_bytes(8, "big") + chunk)
            progress.step()
        position = end + -end % CHUNK
    return found.hexdigest()


def sample_digest(file: int, offsets: list[int], progress: Progress) -> str:
    """A digest of some blocks of a file.

    :raises OSError: it cannot be read, or ends before a block
    """
    size = os.fstat(file).st_size
    found = hashlib.sha256()
    for at in offsets:
        if at >= size:
            raise OSError(0, "it ends before a sample")
        found.update(at.to_bytes(8, "big") + read_at(file, at, min(SAMPLE, size - at)))
        progress.step()
    return found.hexdigest()


def read_at(file: int, position: int, length: int) -> bytes:
    """Read exactly so many bytes.

    :raises OSError: it cannot be read, or ends before
    """
    pieces = []
    while length > 0:
        piece = os.pread(file, length, position)
        if not piece:
            raise OSError(0, "it ends before its size")
        pieces.append(piece)
        position += len(piece)
        length -= len(piece)
    return b"".join(pieces)


def content(
    mount: str, parts: tuple[str, ...], offsets: list[int] | None, is_read: bool, progress: Progress
) -> dict[str, object]:
    """What is in a file: ``size``, ``identity`` and ``digest``, or ``problem``.

    :param parts: of its path
    :param offsets: of the blocks to read, None for all of it
    :param is_read: whether it is read at all
    """
    try:
        file = open_file(mount, parts)
        try:
            wanted = ""
            if is_read:
                wanted = digest(file, progress) if offsets is None else sample_digest(file, offsets, progress)
            return {"size": os.fstat(file).st_size, "identity": identity(file), "digest": wanted}
        finally:
            os.close(file)
    except FileNotFoundError:
        return {"problem": "it is not there"}
    except (OSError, ValueError) as error:
        return {"problem": getattr(error, "strerror", None) or str(error)}


def serve() -> None:
    """Mount a volume, and answer requests on standard input until it ends.

    The first line there is ``[servers, volume]``: of the servers of gluster the first one that answers is taken. The
    first answer says whether the volume is mounted. A request is ``[parts, offsets, is_read]``, as for ``content``.
    While a file is read, empty lines come before its answer.
    """
    servers, volume = json.loads(sys.stdin.buffer.readline().decode("utf-8"))
    mount = tempfile.mkdtemp(prefix=MOUNT_PREFIX)
    try:
        problem = _mounted(servers, volume, mount)
        _answer({"problem": problem} if problem else {})
        for line in sys.stdin.buffer if not problem else ():
            parts, offsets, is_read = json.loads(line.decode("utf-8"))
            _answer(content(mount, tuple(parts), offsets, is_read, Beats()))
    finally:
        # Not asked first whether it is mounted: a mount that has lost its process looks like none.
        subprocess.run(["umount", "-l", mount], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        os.rmdir(mount)


def _mounted(servers: list[str], volume: str, mount: str) -> str:
    """Mount a volume so that nothing can be written; why that failed, "" when it did not."""
    problem = ""
    for server in servers:
        words = ["glusterfs", "--volfile-server=" + server, "--volfile-id=" + volume, "--read-only"]
        try:
            done = subprocess.run([*words, mount], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)  # fmt: skip
        except OSError as error:
            return "glusterfs: " + str(error.strerror)
        if os.path.ismount(mount):
            return ""
        reason = done.stdout.decode("utf-8", "replace").strip() or "without a reason"
        problem = f"the volume {volume} of {server} could not be mounted: {reason}"
    return problem


def _answer(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _data(file: int, position: int, size: int) -> tuple[int, int]:
    """Where the next bytes are that may be something else than zero: begin and end; the size twice for none."""
    try:
        start = os.lseek(file, position, os.SEEK_DATA)
    except OSError as error:
        # Behind the last data; every other error says that holes are not known here, as on sharded volumes.
        return (size, size) if error.errno == errno.ENXIO else (position, size)
    try:
        return start, min(size, os.lseek(file, start, os.SEEK_HOLE))
    except OSError:
        return start, size


if __name__ == "__main__":
    serve()
