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
class Entry:
    """The files of one content, below the spool's folder; their names tell nothing but its hash.

    :param folder: the spool's folder
    :param key: algorithm and hash of the content; where the master states none, whose content it is
    """

    folder: Path
    key: str

    @staticmethod
    def of(image: Image, folder: Path) -> Entry:
        """The entry for the content of a master image."""
        algorithm, value = (
            (image.hash_algo, image.hash_value) if image.hash_algo and image.hash_value else ("md5", image.checksum)
        )
        if value is None:
            # Nothing would show that a copy from before a power failure lost some of its bytes.
            algorithm, value = f"uuid since {_boot_id()}", image.id
        # The hash is data from a server and becomes part of a file's name.
        name = hashlib.sha256(f"{algorithm}:{value}:{image.size}".encode()).hexdigest()
        return Entry(folder, name)

    @property
    def data(self) -> Path:
        """The content, as far as it has come."""
        return self.folder / f"{self.key}.data"

    @property
    def facts(self) -> Path:
        """What the entry will hold; its presence reserves the room."""
        return self.folder / f"{self.key}.json"

    @property
    def filler(self) -> Path:
        """Locked by the process that fills the entry."""
        return self.folder / f"{self.key}.fill"

    @property
    def use(self) -> Path:
        """Locked, together with others, by each process that needs the entry."""
        return self.folder / f"{self.key}.use"

    @property
    def size(self) -> int:
        """Bytes that the entry will hold in the end, 0 when it is not there."""
        try:
            return int(json.loads(self.facts.read_text(encoding="ascii"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    @property
    def length(self) -> int:
        """Bytes that have come so far."""
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
        """Reserve the room for the content."""
        self.data.touch(mode=0o600)
        self._part.touch(mode=0o600)
        self._part.write_text(json.dumps({"size": size}), encoding="ascii")
        self._part.replace(self.facts)

    def remove(self) -> bool:
        """Remove the entry, if nobody uses it.

        :return: whether it is gone
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
    """What tells this start of the machine from others; "" where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def entries(folder: Path) -> list[Entry]:
    """All entries of a spool; whatever else is in its folder is not ours.

    :param folder: the spool's folder; it need not exist
    """
    keys = {path.stem for path in folder.glob("*.*")}
    return [Entry(folder, key) for key in sorted(keys) if _KEY.fullmatch(key)]


@contextmanager
def locked(path: Path, *, shared: bool) -> Iterator[bool]:
    """Hold the lock of a file if it can be had at once; the kernel releases it whatever happens to this process.

    :param path: the file, made when it is missing
    :param shared: together with others
    :return: whether the lock is held
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
            # Somebody removed the entry between our opening and locking: what we hold means nothing.
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def hasher(image: Image) -> tuple[hashlib._Hash, str] | None:
    """The hash that tells whether content is a master image's, and the value that it should have.

    :param image: the master image
    :return: None when its algorithm is not known here
    """
    if image.hash_algo and image.hash_value and image.hash_algo in hashlib.algorithms_available:
        return hashlib.new(image.hash_algo), image.hash_value
    if image.checksum:
        return hashlib.md5(usedforsecurity=False), image.checksum
    return None
