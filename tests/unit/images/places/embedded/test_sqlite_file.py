"""Several processes and threads use one federation at once, and nothing gets lost."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError, ServiceFailure
from fiwareglancesync.images.model import NewImage, Patch
from fiwareglancesync.images.places.embedded import sqlite_file
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.places.embedded.sqlite_file import (
    FILE_NAME,
    Store,
    create,
    holds_federation,
    is_embedded_store,
)
from fiwareglancesync.images.settings import Settings, Target

TARGET = Target("master", tenant_id="ours")
SETTINGS = Settings("Spain", {"master": TARGET})
EACH = 25


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "backup_Burgos.csv").touch()
    load(tmp_path / "backup", tmp_path / "p", replace=False)
    return tmp_path / "p"


def burgos(folder: Path) -> EmbeddedPlace:
    return EmbeddedFederation(folder, SETTINGS).place(TARGET, "Burgos")


def make_images(folder: Path, who: str) -> None:
    place = burgos(folder)
    for number in range(EACH):
        image = place.create(NewImage(f"{who}-{number}", who, "raw", "bare"))
        place.update(image, Patch(set={"number": str(number)}))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_that_write_at_once_lose_nothing(folder: Path, method: str) -> None:
    make_process = multiprocessing.get_context(method).Process  # type: ignore[attr-defined]
    processes = [make_process(target=make_images, args=(folder, who)) for who in ("one", "two", "three")]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    images = burgos(folder).listing().images
    expected = {f"{who}-{n}": str(n) for who in ("one", "two", "three") for n in range(EACH)}
    assert {image.id: image.user_properties["number"] for image in images} == expected
    assert len({image.created_at for image in images}) == len(images)


def test_threads_that_share_a_place_lose_nothing(folder: Path) -> None:
    place = burgos(folder)

    def make(who: str) -> None:
        for number in range(EACH):
            place.create(NewImage(f"{who}-{number}", who, "raw", "bare"))

    threads = [threading.Thread(target=make, args=(who,)) for who in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.listing().images) == 3 * EACH


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked process; returns its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def test_a_place_goes_on_serving_after_a_fork_on_both_sides(folder: Path) -> None:
    place = burgos(folder)
    place.create(NewImage("before", "before", "raw", "bare"))
    assert in_child(lambda: place.create(NewImage("child", "child", "raw", "bare"))) == 0
    place.create(NewImage("parent", "parent", "raw", "bare"))
    assert [image.id for image in place.listing().images] == ["before", "child", "parent"]


def test_no_connection_crosses_a_fork(folder: Path) -> None:
    place = burgos(folder)
    place.listing()
    names = {str(folder / FILE_NAME), str(folder / f"{FILE_NAME}-wal"), str(folder / f"{FILE_NAME}-shm")}

    def check() -> None:
        opened = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)}
        if opened & names:
            raise AssertionError(opened)

    assert in_child(check) == 0


def _is_open(descriptor: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{descriptor}")


def test_a_fork_waits_for_the_transaction_of_another_thread(folder: Path) -> None:
    store = Store(folder / FILE_NAME)
    begun, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.write() as connection:
            connection.execute("INSERT INTO regions (name) VALUES ('Avila')")
            begun.set()
            go_on.wait()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    releaser = threading.Thread(target=go_on.set)
    releaser.start()
    seen = EmbeddedFederation(folder, SETTINGS)

    def check() -> None:
        assert "Avila" in seen.regions(TARGET)

    assert in_child(check) == 0
    writer.join()
    releaser.join()


def test_a_memory_is_copied_by_a_fork() -> None:
    federation = EmbeddedFederation(None, SETTINGS)
    federation.add_region("Burgos")
    place = federation.place(TARGET, "Burgos")
    assert in_child(lambda: place.create(NewImage("child", "child", "raw", "bare"))) == 0
    assert place.listing().images == ()


def test_a_transaction_that_fails_leaves_nothing(folder: Path) -> None:
    store = Store(folder / FILE_NAME)

    def fail() -> None:
        with store.write() as connection:
            connection.execute("INSERT INTO regions (name) VALUES ('Avila')")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.read() as connection:
        assert connection.execute("SELECT name FROM regions").fetchall() == [("Burgos",)]


def test_a_database_that_stays_locked_is_an_error_of_the_cloud(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "WRITE_TIMEOUT_SECONDS", 0.0)
    other = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    place = burgos(folder)
    assert place.listing().images == ()
    with pytest.raises(ServiceFailure, match="locked"):
        place.create(NewImage("i", "n", "raw", "bare"))
    other.execute("ROLLBACK")
    other.close()
    place.create(NewImage("i", "n", "raw", "bare"))


def test_files_are_only_for_the_user(folder: Path) -> None:
    burgos(folder).create(NewImage("i", "n", "raw", "bare"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(ConfigError, match=r"holds other files \(letter\)"):
        create(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter"]


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"x" * 5000])
def test_a_strange_file_is_not_ours(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert not is_embedded_store(tmp_path / FILE_NAME)
    assert not holds_federation(tmp_path / FILE_NAME)
    with pytest.raises(ConfigError):
        create(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_database_of_others_is_not_ours(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    assert not is_embedded_store(tmp_path / FILE_NAME)


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("x")
    with pytest.raises(ConfigError, match="expected a folder that can be written"):
        create(tmp_path / "p")


def test_a_version_stays_until_anybody_changes_something(folder: Path) -> None:
    federation = EmbeddedFederation(folder, SETTINGS)
    seen = [federation.version()]
    assert federation.version() == seen[0]
    burgos(folder).create(NewImage("by-others", "x", "raw", "bare"))
    seen.append(federation.version())
    own = federation.place(TARGET, "Burgos").create(NewImage("by-us", "x", "raw", "bare"))
    seen.append(federation.version())
    federation.place(TARGET, "Burgos").update(own, Patch(set={"number": "1"}))
    seen.append(federation.version())
    burgos(folder).delete("by-us")
    seen.append(federation.version())
    assert len(set(seen)) == len(seen)
    assert federation.version() == seen[-1]


def test_a_version_reports_of_changes_while_the_file_was_closed(folder: Path) -> None:
    store = Store(folder / FILE_NAME)
    before = store.version()
    store.close()
    burgos(folder).create(NewImage("meanwhile", "x", "raw", "bare"))
    assert store.version() != before
    assert store.version() > before
