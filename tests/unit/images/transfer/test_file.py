"""The way ``file``: the master Glance's own files (design 6)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import TransferError
from fiwareglancesync.images.places import PIECE_BYTES, FileSlice
from fiwareglancesync.images.transfer.sources import FileSource
from tests.support.builders import master_image

CONTENT = b"0123456789" * (PIECE_BYTES // 5)
IMAGE = master_image("a", size=len(CONTENT), id="11111111-2222")


@pytest.fixture
def source(tmp_path: Path) -> FileSource:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / IMAGE.id).write_bytes(CONTENT)
    return FileSource(tmp_path / "images")


def test_a_file_of_that_name_and_size_is_read_whole_and_as_often_as_wanted(source: FileSource) -> None:
    assert source.why_unusable(IMAGE) is None
    with source.open(IMAGE) as body:
        assert body.size == len(CONTENT)
        for _ in range(2):
            pieces = list(body.pieces())
            assert b"".join(piece.read() for piece in pieces if isinstance(piece, FileSlice)) == CONTENT
            assert max(map(len, pieces)) == PIECE_BYTES


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_file_of_another_size_is_refused(source: FileSource, size: int) -> None:
    why_unusable = source.why_unusable(master_image("a", size=size, id=IMAGE.id))
    assert why_unusable is not None
    assert why_unusable.endswith(f"has {len(CONTENT)} bytes, the image {size}")


def test_a_missing_file_is_refused(source: FileSource) -> None:
    why_unusable = source.why_unusable(master_image("a", id="unknown"))
    assert why_unusable is not None
    assert why_unusable.endswith("unknown: No such file or directory")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert FileSource(tmp_path / "nowhere").why_unusable(IMAGE) is not None


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        assert FileSource(tmp_path).why_unusable(master_image("a", id=name)) == f"{tmp_path / name} is not a file"


def test_a_file_that_may_not_be_read_is_refused(source: FileSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    why_unusable = source.why_unusable(IMAGE)
    assert why_unusable is not None
    assert why_unusable.endswith("is not readable")


@pytest.mark.parametrize("image_id", ["../secret", "/etc/passwd", "x/../../secret", "..", ".", "", "../"])
def test_an_id_leads_nowhere_else(source: FileSource, tmp_path: Path, image_id: str) -> None:
    (tmp_path / "secret").write_bytes(CONTENT)
    assert source.why_unusable(master_image("a", size=len(CONTENT), id=image_id)) is not None


def test_a_file_that_vanishes_before_it_is_opened_is_this_ways_failure(source: FileSource, tmp_path: Path) -> None:
    assert source.why_unusable(IMAGE) is None
    (tmp_path / "images" / IMAGE.id).unlink()
    with pytest.raises(TransferError, match="No such file"), source.open(IMAGE):
        pytest.fail("it was opened")
