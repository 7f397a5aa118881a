"""A digest as a file (volumes 6)."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotWritten
from fiwareglancesync.volumes.digests.digest import whole_page
from fiwareglancesync.volumes.digests.digest_file import write_digest
from fiwareglancesync.volumes.digests.digest_html import digest_html
from tests.support.digests import USUAL

PAGE = whole_page(USUAL)


def test_the_file_is_the_users_alone(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_digest(PAGE, file)
    assert file.read_text(encoding="utf-8") == digest_html(PAGE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.html"]


def test_an_earlier_one_is_replaced_and_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "report.html").symlink_to("old.html")
    write_digest(PAGE, tmp_path / "report.html")
    assert (tmp_path / "report.html").is_symlink()
    assert (tmp_path / "old.html").read_text(encoding="utf-8") == digest_html(PAGE)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write_digest(PAGE, pipe)
    reader.join()
    assert read == [digest_html(PAGE)]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "report.html"
    with pytest.raises(NotWritten, match=r"report\.html cannot be written: No such file or directory"):
        write_digest(PAGE, file)


def test_a_full_disk_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="No space left on device"):
        write_digest(PAGE, file)
    assert (os.listdir(tmp_path), file.read_text()) == (["report.html"], "old")
