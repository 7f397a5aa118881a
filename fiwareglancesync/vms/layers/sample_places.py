"""Chooses the blocks of a layer that are compared with ``--verify sampled`` (vms 2.5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

from .volume_files import CHUNK, SAMPLE, read_at

PIECE = 64 * 2**20
"""Bytes of a piece of a volume without shards."""


def sample_places(file: int, shard_bytes: int, seed: str) -> tuple[int, ...]:
    """Where the samples of a layer begin: in each shard the first block that is not zero, and one at random.

    A shard that the slave has lost reads as zeros, so a block that is not zero is what shows it.

    :param file: of the master, opened for reading
    :param shard_bytes: size of a shard, 0 for a volume without shards
    :param seed: decides which blocks are taken at random
    :raises OSError: the file cannot be read
    """
    size = os.fstat(file).st_size
    random = Random(seed)  # noqa: S311 (nothing secret depends on it)
    length = shard_bytes or PIECE
    places: list[int] = []
    for start in range(0, size, length):
        end = min(size, start + length)
        places += sorted({*_first_content(file, start, end), random.randrange(start, end) // SAMPLE * SAMPLE})
    return tuple(places)


def _first_content(file: int, start: int, end: int) -> Iterator[int]:
    """The first block that is not zero, if there is one."""
    zeros = bytes(SAMPLE)
    for at in range(start, end, CHUNK):
        chunk = read_at(file, at, min(CHUNK, end - at))
        for offset in range(0, len(chunk), SAMPLE):
            block = chunk[offset : offset + SAMPLE]
            if block != zeros[: len(block)]:
                yield at + offset
                return
