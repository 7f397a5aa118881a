"""Content on its way into a vault: hashed while it is written, with its holes (vault 1.3)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...base.content import PIECE_BYTES, Piece
from ...base.hashing import hashed_meanwhile
from . import vault_files
from .vault_errors import VaultError, WrongContent
from .vault_model import ContentKey

SHA512 = "sha512"

BLOCK_BYTES = 2**16
"""Bytes of a block that is left out, as a hole, when all of them are zero."""

_ZEROS = bytes(BLOCK_BYTES)


class IncomingContent:
    """A new file with the content of one image; a context manager that removes the file unless it has been moved away.

    :param path: the file
    :param size: bytes that the content has to have
    :param stated: the hashes that it has to have, by algorithm
    :raises VaultError: the file cannot be made
    """

    def __init__(self, path: Path, size: int, stated: Mapping[str, str]) -> None:
        self.path = path
        self._size = size
        self._stated = {name: value for name, value in stated.items() if _can_hash(name)}
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in _needed(self._stated)}
        self._position = 0
        self._descriptor = vault_files.in_vault(vault_files.create)(path)

    def __enter__(self) -> IncomingContent:
        return self

    def __exit__(self, *unused: object) -> None:
        os.close(self._descriptor)
        vault_files.remove(self.path)

    def write(self, pieces: Iterable[Piece]) -> None:
        """Write all pieces, in their order; a piece is hashed in a thread while it is written and the next one comes.

        :raises VaultError: the disk refuses
        """
        for content in hashed_meanwhile(map(_bytes_of, pieces), self._hash):
            self._write(content)

    def clone(self, source: int) -> bool:
        """Let the file share the blocks of another one, if the file system can, and hash it.

        :param source: descriptor of the other file
        """
        if not vault_files.clone(source, self._descriptor):
            return False
        self._read()
        return True

    def finish(self) -> ContentKey:
        """Write everything to the disk.

        :return: what the content is
        :raises WrongContent: it is not what was stated
        :raises VaultError: the disk refuses
        """
        if self._position != self._size:
            raise WrongContent(f"{self._position} bytes were read, the image has {self._size}")
        found = {name: each.hexdigest() for name, each in self._hashes.items()}
        for name, value in self._stated.items():
            if name in found and found[name] != value:
                raise WrongContent(f"the {name} of the bytes that were read is {found[name]}, the image has {value}")
        vault_files.finish(self._descriptor, self.path, self._size)
        return ContentKey(found[SHA512], self._size)

    def _hash(self, content: bytes) -> None:
        for each in self._hashes.values():
            each.update(content)

    def _write(self, content: bytes) -> None:
        """Write a piece, without blocks of zeros: what is not written is a hole."""
        view = memoryview(content)
        begin = 0
        for start in range(0, len(content), BLOCK_BYTES):
            if content[start] == 0 and _is_zero(content[start : start + BLOCK_BYTES]):
                self._write_at(view[begin:start], begin)
                begin = start + BLOCK_BYTES
        self._write_at(view[begin:], begin)
        self._position += len(content)

    def _write_at(self, view: memoryview, offset: int) -> None:
        if view:
            vault_files.write_at(self._descriptor, self.path, view, self._position + offset)

    def _read(self) -> None:
        """Hash what the file has."""
        try:
            while content := os.pread(self._descriptor, PIECE_BYTES, self._position):
                self._hash(content)
                self._position += len(content)
        except OSError as error:
            raise VaultError(f"{self.path}: {error.strerror}") from error


def _bytes_of(piece: Piece) -> bytes:
    return piece if isinstance(piece, bytes) else piece.read()


def _needed(stated: Mapping[str, str]) -> set[str]:
    """The algorithms that are computed: SHA-512 always; MD5 only where nothing better is stated."""
    better = {name for name in stated if name != "md5"}
    return {SHA512, *(better or stated)}


def _is_zero(block: bytes) -> bool:
    return block == _ZEROS[: len(block)]


def _can_hash(algorithm: str) -> bool:
    """Whether an algorithm is there, and gives hashes of one length."""
    return algorithm in hashlib.algorithms_available and not algorithm.startswith("shake")
