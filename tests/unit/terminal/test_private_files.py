"""The files that a run writes about itself (sync 1.4)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.terminal.private_files import private_file


def test_a_file_is_nobody_elses(tmp_path: Path) -> None:
    lost: list[str] = []
    with private_file(str(tmp_path / "f"), lost.append) as file:
        file.write("x\ud83d")
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "f").read_bytes().decode("utf-8", "surrogatepass") == "x\ud83d"
    assert lost == []


def test_a_file_that_cannot_be_opened_is_wrong_usage(tmp_path: Path) -> None:
    path = os.fspath(tmp_path / "nowhere" / "f")
    with pytest.raises(UsageError, match="cannot be written: No such file or directory"), private_file(path, print):
        pytest.fail("it was opened")


@pytest.mark.parametrize("flushes", [0, 2])
def test_a_full_disk_is_reported_once_and_raises_nothing(flushes: int) -> None:
    lost: list[str] = []
    with private_file("/dev/full", lost.append) as file:
        for _ in range(flushes):
            file.write("x\n")
            file.flush()
        file.write("y")
    assert lost == ["/dev/full cannot be written to its end: No space left on device"]
