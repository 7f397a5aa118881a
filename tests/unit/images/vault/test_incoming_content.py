"""Content is hashed while it is written, and keeps its holes (vault 1.3)."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.content import PIECE_BYTES, FileSlice
from fiwareglancesync.images.vault.incoming_content import BLOCK_BYTES, IncomingContent
from fiwareglancesync.images.vault.vault_errors import WrongContent
from tests.support.vaults import sha512

ZEROS = bytes(BLOCK_BYTES)
NOISE = os.urandom(BLOCK_BYTES)

pieces = st.lists(
    st.sampled_from([ZEROS, NOISE, ZEROS * 3, NOISE * 2 + ZEROS, b"", b"\0", b"x", ZEROS[:-1] + b"x", b"\0" * 4097]),
    max_size=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incoming")


@given(pieces)
def test_what_is_written_is_what_came(folder: Path, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    with IncomingContent(folder / "new", len(whole), {}) as content:
        content.write(pieces)
        key = content.finish()
        assert (folder / "new").read_bytes() == whole
    assert (key.sha512, key.size) == (sha512(whole), len(whole))
    assert not (folder / "new").exists()


def test_large_content_is_hashed_in_its_order_in_a_thread_that_ends(folder: Path) -> None:
    parts = [os.urandom(PIECE_BYTES - number) for number in range(4)]
    whole = b"".join(parts)
    before = set(threading.enumerate())
    stated = {"md5": hashlib.md5(whole, usedforsecurity=False).hexdigest()}
    with IncomingContent(folder / "new", len(whole), stated) as content:
        content.write(parts)
        assert content.finish().sha512 == sha512(whole)
        assert (folder / "new").read_bytes() == whole
    with IncomingContent(folder / "new", len(whole), {}) as content, pytest.raises(ZeroDivisionError):
        content.write(part for number, part in enumerate(parts) if 1 // (2 - number) or True)
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


def test_holes_stay_holes(folder: Path) -> None:
    whole = NOISE + ZEROS * 100 + NOISE + ZEROS * 100
    with IncomingContent(folder / "new", len(whole), {}) as content:
        content.write([whole])
        content.finish()
        assert content.path.stat().st_blocks * 512 < 5 * BLOCK_BYTES
        assert content.path.read_bytes() == whole


def test_slices_of_files_are_read(folder: Path) -> None:
    (folder / "source").write_bytes(NOISE)
    with (folder / "source").open("rb") as source, IncomingContent(folder / "new", BLOCK_BYTES, {}) as content:
        content.write([FileSlice(source.fileno(), 0, 100), FileSlice(source.fileno(), 100, BLOCK_BYTES - 100)])
        assert content.finish().sha512 == sha512(NOISE)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512", "sha3_512", "blake2b"])
def test_any_stated_algorithm_is_compared(folder: Path, algorithm: str) -> None:
    right = hashlib.new(algorithm, NOISE, usedforsecurity=False).hexdigest()
    for value in (right, right[::-1]):
        with IncomingContent(folder / "new", BLOCK_BYTES, {algorithm: value}) as content:
            content.write([NOISE])
            if value == right:
                assert content.finish().sha512 == sha512(NOISE)
                continue
            with pytest.raises(WrongContent, match=f"the {algorithm} of the bytes"):
                content.finish()


@pytest.mark.parametrize("algorithm", ["unknown", "shake_128"])
def test_an_algorithm_that_is_not_there_is_not_compared(folder: Path, algorithm: str) -> None:
    with IncomingContent(folder / "new", BLOCK_BYTES, {algorithm: "ab"}) as content:
        content.write([NOISE])
        assert content.finish().sha512 == sha512(NOISE)
