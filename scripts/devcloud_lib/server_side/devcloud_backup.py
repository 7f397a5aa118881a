"""Cinder's own backup driver for a folder, but quick with holes: nearly all of a volume of a test is one.

To read, compress and compute the checksums of zeros takes a processor about five seconds for each GiB, and to write
them three. Here holes are neither read nor written, and what is stored of them is computed once; it is the same. Runs
with the packages of the cloud's own virtual environment.
"""

import functools
import hashlib
import importlib
import os
from typing import Any, NamedTuple

# Imported like this because it is not there for the tools that check this file.
posix = importlib.import_module("cinder.backup.drivers.posix")


class Stored(NamedTuple):
    """What is stored of a part of a volume.

    :param algorithm: that compressed it
    :param md5: of the part before it was compressed
    """

    algorithm: str
    body: bytes
    md5: str


@functools.lru_cache(maxsize=4)
def zeros(size: int) -> bytes:
    """So many zeros; for one size always the same object."""
    return bytes(size)


class SparseFile:
    """A file of which holes are not read.

    :param descriptor: of the file, opened for reading
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._position = 0

    def tell(self) -> int:
        """Where the next reading begins."""
        return self._position

    def read(self, size: int) -> bytes:
        """The next bytes, for a hole those of ``zeros``."""
        begin = self._position
        size = max(0, min(size, self._size - begin))
        self._position += size
        if self._next_content(begin) >= self._position:
            return zeros(size)
        return os.pread(self._descriptor, size, begin)

    def _next_content(self, begin: int) -> int:
        try:
            return os.lseek(self._descriptor, begin, os.SEEK_DATA)
        except OSError:  # there is none
            return self._size


class SparseTarget:
    """A file that is restored into, whose end zeros only move.

    :param file: opened for writing
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek, self.flush, self.fileno = file.seek, file.flush, file.fileno

    def write(self, content: bytes) -> None:
        """Write at the present position."""
        begin = self._file.tell()
        descriptor = self._file.fileno()
        if begin < os.fstat(descriptor).st_size or content != zeros(len(content)):
            self._file.write(content)
        else:
            os.truncate(descriptor, self._file.seek(begin + len(content)))


class SparseBackupDriver(posix.PosixBackupDriver):  # type: ignore[misc, name-defined]
    """The driver of Cinder that neither reads nor writes holes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sums_of_zeros: Any = functools.lru_cache(super()._calculate_sha)
        self._stored_zeros = functools.lru_cache(self._stored)

    def backup(self, backup: Any, volume_file: Any, backup_metadata: bool = True) -> None:
        """Back a volume up."""
        super().backup(backup, SparseFile(volume_file.fileno()), backup_metadata)

    def restore(self, backup: Any, volume_id: str, volume_file: Any, volume_is_new: bool) -> None:
        """Write a backup into a volume."""
        super().restore(backup, volume_id, SparseTarget(volume_file), volume_is_new)

    def _calculate_sha(self, data: bytes) -> list[str]:
        is_hole = data is zeros(len(data))
        return list(self._sums_of_zeros(data) if is_hole else super()._calculate_sha(data))

    def _backup_chunk(
        self, backup: Any, container: str, data: bytes, data_offset: int, object_meta: dict[str, Any], *others: Any
    ) -> None:
        if data is not zeros(len(data)):
            super()._backup_chunk(backup, container, data, data_offset, object_meta, *others)
            return
        name = f"{object_meta['prefix']}-{object_meta['id']:05d}"
        stored = self._stored_zeros(data)
        with self._get_object_writer(container, name, *others) as writer:
            writer.write(stored.body)
        described = {"offset": data_offset, "length": len(data), "compression": stored.algorithm, "md5": stored.md5}
        object_meta["list"].append({name: described})
        object_meta["id"] += 1

    def _stored(self, data: bytes) -> Stored:
        algorithm, body = self._prepare_output_data(data)
        return Stored(algorithm, body, hashlib.md5(data, usedforsecurity=False).hexdigest())
