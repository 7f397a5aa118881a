"""The spool between processes: one of them reads the master, and when it is killed another goes on."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from fiwareglancesync.images.transfer.spool import SpoolSource
from tests.support.conditions import wait_for
from tests.support.spooling import PART, SIZE, CountedMaster, bytes_of, content_of, data_files

CONTENT = content_of(1)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
HALF = 8 * PART
GROWTH_TIMEOUT_SECONDS = 180.0
FORK = multiprocessing.get_context("fork")


def _read(spool: SpoolSource, master: CountedMaster, result: Path) -> None:
    digest = hashlib.sha256()
    with spool.open(master.images[0]) as body:
        for piece in body.pieces():
            digest.update(bytes_of(piece))
            begun(result).touch()
    result.write_text(digest.hexdigest())


def begun(result: Path) -> Path:
    """What is there once a process has read the first piece."""
    return result.with_suffix(".begun")


def begin(master: CountedMaster, folder: Path, result: Path) -> BaseProcess:
    """Have a process of its own read the image through a spool of its own."""
    process = FORK.Process(target=_read, args=(master.spool(folder), master, result), daemon=True)
    process.start()
    return process


def end(process: BaseProcess) -> None:
    """Wait for a process that ends well."""
    process.join(GROWTH_TIMEOUT_SECONDS)
    assert process.exitcode == 0


def await_length(folder: Path, length: int) -> None:
    """Wait until the only copy has grown."""
    wait_for(lambda: sum(file.stat().st_size for file in data_files(folder)) >= length, "a copy that grows")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the spool is to be."""
    return tmp_path / "spool"


def test_the_master_is_read_once_however_many_read_the_copy(tmp_path: Path, folder: Path) -> None:
    go = FORK.Event()
    master = CountedMaster(tmp_path, CONTENT, before=lambda position: _wait(go) if position >= HALF else None)
    results = [tmp_path / f"result-{number}" for number in range(4)]
    processes = [begin(master, folder, result) for result in results]
    # All of them at once: none has come to the end, because the master holds the rest back.
    wait_for(lambda: all(begun(result).exists() for result in results), "the first piece of each")
    assert not any(result.exists() for result in results)
    go.set()
    for process in processes:
        end(process)
    assert [result.read_text() for result in results] == [DIGEST] * 4
    assert (master.starts, master.sent) == ([0], SIZE)


def _wait(event: Event) -> None:
    assert event.wait(GROWTH_TIMEOUT_SECONDS)


def test_when_the_filling_process_is_killed_another_goes_on(tmp_path: Path, folder: Path) -> None:
    doomed = FORK.Value("l", 0)

    def hang(position: int) -> None:
        if position >= HALF and os.getpid() == doomed.value:
            threading.Event().wait()

    master = CountedMaster(tmp_path, CONTENT, before=hang)

    def fill() -> None:
        doomed.value = os.getpid()
        _read(master.spool(folder), master, tmp_path / "never")

    filler = FORK.Process(target=fill, daemon=True)
    filler.start()
    await_length(folder, HALF)
    result = tmp_path / "result"
    reader = begin(master, folder, result)
    assert reader.is_alive()
    os.kill(filler.pid or 0, signal.SIGKILL)
    filler.join()
    end(reader)
    assert result.read_text() == DIGEST
    assert (master.starts, master.sent) == ([0, HALF], SIZE)
    assert not (tmp_path / "never").exists()


def damage(folder: Path) -> None:
    """Make of the only copy what a process left that was killed: a part, which is wrong."""
    (data,) = data_files(folder)
    with data.open("r+b") as file:
        file.write(bytes([CONTENT[0] ^ 1]))
        file.truncate(HALF)


def test_who_read_what_the_killed_one_left_is_reported_or_has_read_what_is_seen_to_be_wrong(
    tmp_path: Path, folder: Path
) -> None:
    go = FORK.Event()
    master = CountedMaster(tmp_path, CONTENT)
    end(begin(master, folder, tmp_path / "first"))
    damage(folder)
    master.before = lambda position: _wait(go) if position >= HALF else None
    second = begin(master, folder, tmp_path / "second")
    # The master holds the rest back until the wrong bytes have been read: nobody can know them to be wrong before.
    wait_for(begun(tmp_path / "second").exists, "the first piece")
    go.set()
    second.join(GROWTH_TIMEOUT_SECONDS)
    # The copy shrank while it was being read, or it was read to its end before.
    assert second.exitcode == 1 or (tmp_path / "second").read_text() != DIGEST
    master.spool(folder).reject_content(master.images[0])
    end(begin(master, folder, tmp_path / "third"))
    assert (tmp_path / "third").read_text() == DIGEST


def test_what_the_killed_one_left_is_fetched_anew_when_it_is_wrong(tmp_path: Path, folder: Path) -> None:
    master = CountedMaster(tmp_path, CONTENT)
    end(begin(master, folder, tmp_path / "first"))
    damage(folder)
    with master.spool(folder).open(master.images[0]) as body:
        wait_for(lambda: master.starts == [0, HALF, 0], "a download from the beginning")
        await_length(folder, SIZE)
        assert b"".join(map(bytes_of, body.pieces())) == CONTENT


def test_one_run_does_not_clear_what_another_uses(tmp_path: Path, folder: Path) -> None:
    go = FORK.Event()
    master = CountedMaster(tmp_path, CONTENT, before=lambda position: _wait(go) if position >= HALF else None)
    result = tmp_path / "result"
    reader = begin(master, folder, result)
    await_length(folder, HALF)
    spool = master.spool(folder)
    spool.clear()
    assert len(data_files(folder)) == 1
    go.set()
    end(reader)
    assert result.read_text() == DIGEST
    spool.clear()
    assert data_files(folder) == []
