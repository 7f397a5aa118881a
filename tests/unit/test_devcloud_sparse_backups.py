"""The development cloud's driver for backups neither reads nor writes holes, and backs up the same content."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CHUNK = 64 * 1024
ZEROS, CONTENT = bytes(CHUNK), b"content!" * (CHUNK // 8)

chunks = st.lists(st.sampled_from([ZEROS, CONTENT, CONTENT[:-1] + b"\0"]), max_size=8)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the driver, without Cinder."""
    posix = SimpleNamespace(PosixBackupDriver=object)
    monkeypatch.setitem(sys.modules, "cinder.backup.drivers.posix", posix)
    return importlib.import_module("devcloud_lib.server_side.devcloud_backup")


def write_sparse(path: Path, parts: list[bytes]) -> None:
    """Write a file whose zeros are holes."""
    with path.open("wb") as file:
        for part in parts:
            file.seek(len(part), 1) if part == ZEROS else file.write(part)
        file.truncate(CHUNK * len(parts))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(parts=chunks, size=st.sampled_from([CHUNK // 2, CHUNK, 3 * CHUNK]))
def test_what_is_read_of_a_file_with_holes_is_its_content(
    driver: ModuleType, tmp_path: Path, parts: list[bytes], size: int
) -> None:
    write_sparse(tmp_path / "volume", parts)
    with (tmp_path / "volume").open("rb") as file:
        sparse = driver.SparseFile(file.fileno())
        found = []
        while part := sparse.read(size):
            found.append(part)
            assert sparse.tell() == sum(map(len, found))
    assert b"".join(found) == b"".join(parts)


def test_a_hole_is_recognised_without_being_read(driver: ModuleType, tmp_path: Path) -> None:
    write_sparse(tmp_path / "volume", [ZEROS, CONTENT, ZEROS])
    with (tmp_path / "volume").open("rb") as file:
        sparse = driver.SparseFile(file.fileno())
        parts = [sparse.read(CHUNK) for _ in range(3)]
    assert [part is driver.zeros(CHUNK) for part in parts] == [True, False, True]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(base=chunks, changes=st.dictionaries(st.integers(0, 7), st.sampled_from([ZEROS, CONTENT]), max_size=4))
def test_what_is_written_with_holes_is_the_content(
    driver: ModuleType, tmp_path: Path, base: list[bytes], changes: dict[int, bytes]
) -> None:
    expected = list(base)
    with (tmp_path / "volume").open("wb") as file:
        target = driver.SparseTarget(file)
        for number, part in [*enumerate(base), *changes.items()]:
            if number < len(base):
                target.seek(number * CHUNK)
                target.write(part)
                target.flush()
                expected[number] = part
    assert (tmp_path / "volume").read_bytes() == b"".join(expected)


def test_zeros_at_the_end_take_no_room(driver: ModuleType, tmp_path: Path) -> None:
    with (tmp_path / "volume").open("wb") as file:
        target = driver.SparseTarget(file)
        for _ in range(64):
            target.write(ZEROS)
    written = (tmp_path / "volume").stat()
    assert (written.st_size, written.st_blocks) == (64 * CHUNK, 0)
