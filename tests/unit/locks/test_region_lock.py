"""One writer a region, between real processes (design 4.4)."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import GlanceSyncError, RegionLocked
from fiwareglancesync.locks import region_lock
from fiwareglancesync.locks.region_lock import lock, lock_folders, lock_holder

HOLDER = """
import sys
from fiwareglancesync.locks.region_lock import lock
with lock(tuple(sys.argv[1].split()), sys.argv[2], wait="wait" in sys.argv):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in the user's runtime directory."""
    for variable, name in (("TMPDIR", "tmp"), ("XDG_RUNTIME_DIR", "run")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path / "run" / "glancesync"


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder below the temporary one."""
    return tmp_path / "tmp" / f"glancesync-{os.getuid()}"


@pytest.fixture
def files(folder: Path, temporary: Path) -> Callable[[], list[Path]]:
    """The files of the only lock there is."""

    def find() -> list[Path]:
        (here,), (there,) = temporary.iterdir(), folder.iterdir()
        return [here, there]

    return find


def test_a_lock_that_a_full_disk_does_not_take_is_named(temporary: Path) -> None:
    with lock(("https://glance",), "run"):
        pass
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(GlanceSyncError) as refused, lock(("https://glance",), "run"):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (file,) = temporary.iterdir()
    assert str(refused.value) == f"the lock cannot be written: {file}: File too large"


@contextmanager
def holder(root: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that wants a lock, and keeps it until its input ends."""
    command = [sys.executable, "-c", HOLDER, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def held(process: subprocess.Popen[str]) -> bool:
    """Wait until the process holds its lock, or has ended."""
    assert process.stdout is not None
    return process.stdout.readline() == "held\n"


def test_the_second_process_is_reported_who_where_and_since_when(root: Path) -> None:
    with holder(root, "cloud#project", "them") as other:
        assert held(other)
        with pytest.raises(RegionLocked) as refused, lock(("cloud#project",), "us"):
            pytest.fail("two hold it")
        assert re.fullmatch(
            rf"another run holds the region: process {other.pid} at {re.escape(socket.gethostname())}"
            r" since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00; try again later, or use --wait",
            str(refused.value),
        )


def test_another_place_or_project_is_another_lock() -> None:
    with lock(("cloud#project",), "us"), lock(("cloud#other",), "us"), lock(("elsewhere#project",), "us"):
        pass


def test_runs_that_have_one_key_in_common_exclude_each_other(root: Path) -> None:
    with holder(root, "public internal", "them") as other:
        assert held(other)
        for keys in (("internal", "admin"), ("a", "public"), ("public", "internal")):
            with pytest.raises(RegionLocked, match=f"process {other.pid} "), lock(keys, "us"):
                pytest.fail("two hold it")
        with lock(("admin", "a"), "us"):
            pass


def test_all_are_taken_or_none(root: Path) -> None:
    keys = tuple("abcdefgh")
    with holder(root, "d", "them") as other:
        assert held(other)
        with pytest.raises(RegionLocked), lock(keys, "us"):
            pytest.fail("two hold it")
        with lock(tuple(key for key in keys if key != "d"), "another"):
            pass


def test_runs_that_want_the_same_in_another_order_do_not_wait_for_each_other() -> None:
    keys = tuple("abcdef")
    orders = [keys, keys[::-1], keys[3:] + keys[:3], ("c", "f", "a")]
    rounds = 25

    def take(order: tuple[str, ...]) -> None:
        for _ in range(rounds):
            with lock(order, f"run {order}", wait=True):
                inside.append(order)
                assert inside == [order]
                inside.remove(order)

    inside: list[tuple[str, ...]] = []
    with ThreadPoolExecutor(len(orders)) as threads:
        for done in [threads.submit(take, order) for order in orders]:
            done.result(timeout=300)


def test_which_run_held_them_last_is_known_when_it_was_one() -> None:
    with lock(("a",), "one"), lock(("b",), "two"):
        pass
    with lock(("a", "b"), "us") as before:
        assert before == ""
    with lock(("a", "b"), "them") as before:
        assert before == "us"


def test_it_is_free_again_afterwards_and_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), lock(("a",), "us"):
        raise ZeroDivisionError
    with lock(("a",), "us"):
        pass


def test_it_is_free_again_when_its_holder_is_killed(root: Path) -> None:
    with holder(root, "a", "them") as other:
        assert held(other)
        other.kill()
        other.wait()
        with lock(("a",), "us"):
            pass


def test_whoever_waits_gets_it_when_it_is_free(root: Path) -> None:
    with holder(root, "a", "them") as first, lock(("b",), "us"):
        assert held(first)
        with holder(root, "a", "them", "wait") as second:
            first.communicate()
            assert held(second)
            with pytest.raises(RegionLocked, match=f"process {second.pid} "), lock(("a",), "us"):
                pytest.fail("two hold it")


def test_a_holder_that_does_not_say_who_it_is_is_a_process_that_has_just_begun(
    files: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_lock, "IDENTIFY_SECONDS", 0.01)
    with lock(("a",), "us"):
        for file in files():
            file.write_text("")
        with pytest.raises(RegionLocked, match="a process that has just begun"), lock(("a",), "us"):
            pytest.fail("two hold it")


def test_a_holder_of_the_same_run_is_waited_for(root: Path) -> None:
    with holder(root, "a", "one run") as first:
        assert held(first)
        with holder(root, "a", "one run") as second:
            first.communicate()
            assert held(second)


def _killed() -> str:
    """What a process wrote that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return json.dumps({"run": "earlier", "pid": ended.pid, "host": socket.gethostname(), "started": "then"})


def _given_back() -> str:
    """What a process wrote that has given the lock back, and lives on."""
    written = {"run": "earlier", "pid": os.getpid(), "host": socket.gethostname(), "started": "then", "ended": True}
    return json.dumps(written)


@pytest.mark.parametrize("before", [str, _killed, _given_back], ids=["nothing", "a killed one", "one that has ended"])
def test_a_holder_of_the_same_run_is_waited_for_even_before_it_has_said_who_it_is(
    root: Path, files: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch, before: Callable[[], str]
) -> None:
    monkeypatch.setattr(region_lock, "IDENTIFY_SECONDS", 60.0)
    with holder(root, "a", "us") as first:
        assert held(first)
        file, _ = files()
        said = file.read_text()
        file.write_text(before())

        sleep, waiting = time.sleep, threading.get_ident()

        def introduce(seconds: float) -> None:
            if threading.get_ident() != waiting:  # threads of other tests may sleep too
                sleep(seconds)
                return
            file.write_text(said)
            assert first.stdin is not None
            first.stdin.close()

        monkeypatch.setattr("time.sleep", introduce)
        with lock(("a",), "us") as last_holder:
            assert last_holder == "us"


def test_who_held_it_before_is_not_taken_for_the_holder(
    root: Path, files: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_lock, "IDENTIFY_SECONDS", 0.1)
    with holder(root, "a", "them") as first:
        assert held(first)
        file, _ = files()
        file.write_text(_given_back())
        with pytest.raises(RegionLocked, match="a process that has just begun"), lock(("a",), "us"):
            pytest.fail("two hold it")


def test_whoever_gets_it_is_reported_which_run_held_it_last() -> None:
    with lock(("a",), "one") as before:
        assert before == ""
    with lock(("a",), "two") as before:
        assert before == "one"


def test_runs_that_share_one_of_the_folders_notice_each_other(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    with holder(root, "a", "them") as other:
        assert held(other)
        for elsewhere in ("TMPDIR", "XDG_RUNTIME_DIR"):
            with monkeypatch.context() as changed:
                changed.setenv(elsewhere, str(tmp_path / "own"))
                changed.setattr("tempfile.tempdir", None)
                with pytest.raises(RegionLocked), lock(("a",), "us"):
                    pytest.fail("two hold it")


def test_whether_the_last_run_was_ours_is_not_known_when_the_folders_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock(("a",), "us"):
        pass
    with monkeypatch.context() as cron:
        cron.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))
        with lock(("a",), "them"):
            pass
    with lock(("a",), "us") as before:
        assert before == ""


def test_the_folders_and_their_files_are_the_users_alone(
    folder: Path, temporary: Path, files: Callable[[], list[Path]]
) -> None:
    with lock(("../../etc/passwd",), "us"):
        assert [place.stat().st_mode & 0o777 for place in (folder, temporary)] == [0o700, 0o700]
        assert [file.stat().st_mode & 0o777 for file in files()] == [0o600, 0o600]


def test_without_a_runtime_directory_there_is_one_folder(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))
    assert lock_folders() == [temporary]


def test_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(GlanceSyncError, match="is not yours alone"):
        lock_folders()


def test_a_folder_that_leads_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GlanceSyncError, match="is not yours alone"):
        lock_folders()


def test_a_file_in_its_place_is_refused(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(GlanceSyncError, match="cannot be used"):
        lock_folders()


class TestHolder:
    """Who holds a lock, without taking it."""

    def test_a_process_that_holds_it_is_named(self, root: Path) -> None:
        assert lock_holder("a") is None
        with holder(root, "a b", "them") as other:
            assert held(other)
            found = lock_holder("a")
            assert found is not None
            assert found.process == f"process {other.pid} at {socket.gethostname()}"
            assert found.since.tzinfo is not None
            assert lock_holder("c") is None
        assert lock_holder("a") is None

    def test_a_process_that_has_given_it_back_or_was_killed_holds_nothing(self, root: Path) -> None:
        with lock(("a",), "us"):
            assert lock_holder("a") is not None
        assert lock_holder("a") is None
        with holder(root, "a", "them") as other:
            assert held(other)
            other.kill()
            other.wait()
            assert lock_holder("a") is None

    def test_the_number_of_a_dead_holder_may_be_that_of_another_process(
        self, files: Callable[[], list[Path]]
    ) -> None:
        with lock(("a",), "us"):
            texts = [path.read_text(encoding="utf-8") for path in files()]
        for path, text in zip(files(), texts, strict=True):
            path.write_text(text, encoding="utf-8")
        assert lock_holder("a") is None

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 1}', '{"pid": 1, "started": "2026-11-29T00:00:00"}'])
    def test_a_file_that_says_nothing_names_nobody(self, text: str, files: Callable[[], list[Path]]) -> None:
        with lock(("a",), "us"):
            for path in files():
                path.write_text(text, encoding="utf-8")
            assert lock_holder("a") is None
