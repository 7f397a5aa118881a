"""One image in the spool: a file that grows, and the locks that let processes share it (design 6)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..model import Image

_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class SpoolEntry:
    """The files of one content in the folder of the spool. Their names are made of its hash.

    :param folder: the folder of the spool
    :param key: hash of the algorithm and hash of the content; where the master states none, of the image's UUID
    """

    folder: Path
    key: str

    @staticmethod
    def of(image: Image, folder: Path) -> SpoolEntry:
        """The entry of a master image."""
        algorithm, value = (
            (image.hash_algo, image.hash_value) if image.hash_algo and image.hash_value else ("md5", image.checksum)
        )
        if value is None:
            # Without a hash, a copy that lost bytes in a power failure would not be noticed.
            algorithm, value = f"uuid since {_boot_id()}", image.id
        # The hash comes from a server and becomes a part of a file name.
        name = hashlib.sha256(f"{algorithm}:{value}:{image.size}".encode()).hexdigest()
        return SpoolEntry(folder, name)

    @property
    def data(self) -> Path:
        """The file with the content so far."""
        return self.folder / f"{self.key}.data"

    @property
    def facts(self) -> Path:
        """The file with the size of the complete content; while it exists, the space is reserved."""
        return self.folder / f"{self.key}.json"

    @property
    def filler(self) -> Path:
        """The file that the process that fills the entry locks."""
        return self.folder / f"{self.key}.fill"

    @property
    def use(self) -> Path:
        """The file that all processes that use the entry lock, as a shared lock."""
        return self.folder / f"{self.key}.use"

    @property
    def size(self) -> int:
        """Bytes of the complete content, 0 when the entry does not exist."""
        try:
            return int(json.loads(self.facts.read_text(encoding="ascii"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    @property
    def length(self) -> int:
        """Bytes so far."""
        try:
            return self.data.stat().st_size
        except OSError:
            return 0

    @property
    def touched(self) -> float:
        """When the content last grew, in seconds since the epoch; 0 when there is none."""
        try:
            return self.data.stat().st_mtime
        except OSError:
            return 0.0

    def make(self, size: int) -> None:
        """Reserve the space for the content."""
        self.data.touch(mode=0o600)
        self._part.touch(mode=0o600)
        self._part.write_text(json.dumps({"size": size}), encoding="ascii")
        self._part.replace(self.facts)

    def remove(self) -> bool:
        """Remove the entry, if no process uses it.

        :return: whether it was removed
        """
        with locked(self.use, shared=False) as free:
            if free:
                for path in (self._part, self.facts, self.data, self.filler, self.use):
                    path.unlink(missing_ok=True)
        return free

    @property
    def _part(self) -> Path:
        """The facts while they are being written."""
        return self.folder / f"{self.key}.part"


def _boot_id() -> str:
    """The id of the present start of the machine; "" if the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def entries(folder: Path) -> list[SpoolEntry]:
    """All entries of a spool. Other files in its folder are ignored.

    :param folder: the folder of the spool, which may be missing
    """
    keys = {path.stem for path in folder.glob("*.*")}
    return [SpoolEntry(folder, key) for key in sorted(keys) if _KEY.fullmatch(key)]


@contextmanager
def locked(path: Path, *, shared: bool) -> Iterator[bool]:
    """Lock a file, without waiting. When this process dies, the kernel releases the lock.

    :param path: the file, which is made if it is missing
    :param shared: whether other processes may have a shared lock at the same time
    :return: whether the file is locked
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            if _is_still(path, descriptor):
                yield True
                return
            # Another process removed the entry between our opening and locking: this lock has no effect.
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def hasher(image: Image) -> tuple[hashlib._Hash, str] | None:
    """The hash function for the content of a master image, and the value that it must have.

    :param image: the master image
    :return: None when the algorithm is not available
    """
    if image.hash_algo and image.hash_value and image.hash_algo in hashlib.algorithms_available:
        return hashlib.new(image.hash_algo), image.hash_value
    if image.checksum:
        return hashlib.md5(usedforsecurity=False), image.checksum
    return None
