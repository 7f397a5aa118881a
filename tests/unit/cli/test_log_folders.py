"""Folders with the logs of runs: what is removed, and above all what is not (sync 1.4, ``keep_logs``).

Each test of what stays loses something when the guard that it is about is taken out.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from fiwareglancesync.cli.log_folders import LogFolder, remove_old_folders
from fiwareglancesync.events import RegionStarted
from fiwareglancesync.terminal.narrative import RegionLog
from fiwareglancesync.terminal.private_files import PrivateFile, make_private_folder

from .conftest import Shell
from .contents import MASTERS

OLD = "sync_20260101_0317"


def log(path: Path) -> Path:
    """Write a log as a run does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = PrivateFile(path, lambda text: None)
    RegionLog(file)(RegionStarted("Burgos"))
    file.close()
    return path


def removed(folder: Path, keep: int = 0) -> list[str]:
    """Remove old folders, and return their names."""
    before = set(os.listdir(folder))
    remove_old_folders(folder, keep, lambda text, level: None)
    return sorted(before - set(os.listdir(folder)))


def reasons(folder: Path) -> list[str]:
    reported: list[str] = []
    remove_old_folders(folder, 0, lambda text, level: reported.append(text.removeprefix(f"{folder}/")))
    return reported


def test_the_newest_are_kept(tmp_path: Path) -> None:
    names = ["sync_20251231_2359", OLD, f"{OLD}_2", f"{OLD}_10", "sync_20260102_0000"]
    for name in names:
        log(tmp_path / name / "Burgos.txt")
    assert removed(tmp_path, keep=5) == []
    assert removed(tmp_path, keep=2) == ["sync_20251231_2359", OLD, f"{OLD}_2"]
    assert removed(tmp_path, keep=1) == [f"{OLD}_10"]


def test_those_of_backups_are_counted_apart(tmp_path: Path) -> None:
    of_backups = ["vault_20260101_0317", "vault_20260102_0317"]
    for name in (*of_backups, OLD, "sync_20260103_0317"):
        log(tmp_path / name / "Burgos.txt")
    assert removed(tmp_path, keep=1) == [OLD]
    remove_old_folders(tmp_path, 1, lambda text, level: None, "vault")
    assert sorted(os.listdir(tmp_path)) == ["sync_20260103_0317", of_backups[1]]


def test_the_logs_of_any_region_are_removed(tmp_path: Path) -> None:
    with_logs = LogFolder(tmp_path)
    for region in ("Burgos", "other:Madrid", ".hidden", "two\nlines", "../up", "图像", "a\udcffb"):
        log(with_logs.file(region))
    PrivateFile(with_logs.file("nothing happened"), lambda text: None).close()
    with_logs.close()
    assert removed(tmp_path) == [with_logs.path.name]


@pytest.mark.parametrize(
    "name",
    [
        "backup_glance_2026-01-01T03:17:00.000000",
        f"{OLD}_1",
        f"{OLD}_02",
        f"{OLD}_",
        f"{OLD}_2_3",
        f"{OLD}.bak",
        f"my_{OLD}",
        "Sync_20260101_0317",
        "sync_20260101",
        "sync_20261301_0317",
        "sync_20260101_2517",
        "sync_2026010١_0317",
        f"{OLD}\n",
    ],
)
def test_a_folder_of_another_name_stays(tmp_path: Path, name: str) -> None:
    log(tmp_path / name / "Burgos.txt")
    assert removed(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["backup_Burgos.csv", "Burgos.txt.gz", "Burgos", ".hidden.txt", "two words.txt", "a%b.txt", "Burgos.TXT"]
)
def test_a_folder_with_a_file_of_another_name_stays_whole(tmp_path: Path, name: str) -> None:
    log(tmp_path / OLD / "Avila.txt")
    log(tmp_path / OLD / name)
    assert reasons(tmp_path) == [f"{OLD} is not removed (keep_logs): {name} in it is no log of this program"]
    assert sorted(os.listdir(tmp_path / OLD)) == sorted(["Avila.txt", name])


def test_a_folder_with_notes_of_somebody_stays_whole(tmp_path: Path) -> None:
    log(tmp_path / OLD / "Avila.txt")
    (tmp_path / OLD / "notes.txt").write_text("Why Avila failed that night: …\n")
    assert removed(tmp_path) == []
    assert sorted(os.listdir(tmp_path / OLD)) == ["Avila.txt", "notes.txt"]


def test_a_folder_with_an_empty_file_of_somebody_stays_whole(tmp_path: Path) -> None:
    log(tmp_path / OLD / "Avila.txt")
    (tmp_path / OLD / "keep.txt").touch(0o644)
    assert reasons(tmp_path) == [f"{OLD} is not removed (keep_logs): keep.txt in it is no log of this program"]
    assert sorted(os.listdir(tmp_path / OLD)) == ["Avila.txt", "keep.txt"]


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_a_folder_with_something_else_than_files_stays_whole(tmp_path: Path, kind: str) -> None:
    log(tmp_path / OLD / "Avila.txt")
    inside = tmp_path / OLD / "Burgos.txt"
    if kind == "folder":
        inside.mkdir()
    elif kind == "pipe":
        os.mkfifo(inside)
    else:
        inside.symlink_to(log(tmp_path / "elsewhere.txt") if kind == "link" else "nowhere")
    assert removed(tmp_path) == []
    assert len(os.listdir(tmp_path / OLD)) == 2


def test_a_link_to_a_folder_of_logs_stays_and_so_does_the_folder(tmp_path: Path) -> None:
    kept = log(tmp_path / "kept" / "Burgos.txt")
    (tmp_path / OLD).symlink_to("kept")
    assert removed(tmp_path) == []
    assert kept.exists()


def test_a_file_of_such_a_name_stays(tmp_path: Path) -> None:
    log(tmp_path / OLD)
    assert removed(tmp_path) == []


def test_a_folder_of_another_account_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(tmp_path / OLD / "Burgos.txt")
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert removed(tmp_path) == []


def test_a_folder_into_which_another_run_writes_stays(tmp_path: Path) -> None:
    running = LogFolder(tmp_path)
    log(running.file("Burgos"))
    assert reasons(tmp_path) == [f"{running.path.name} is not removed (keep_logs): another run writes into it"]
    running.close()
    assert removed(tmp_path) == [running.path.name]


def test_a_folder_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    lost: list[str] = []

    def remove_first(descriptor: int, how: int) -> None:
        if not lost:
            lost.extend(os.listdir(tmp_path))
            (tmp_path / lost[0]).rmdir()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    folder = LogFolder(tmp_path)
    folder.close()
    assert lost
    assert folder.path.is_dir()


class TestRuns:
    def test_keep_as_many_as_they_are_told_to(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        shell.configuration.write_text(shell.configuration.read_text().replace("[main]", "[main]\nkeep_logs = 2"))
        log(shell.folder / "logs" / OLD / "Burgos.txt")
        log(shell.folder / OLD / "Burgos.txt")
        for _ in range(3):
            assert shell("--parallel", "--output-dir", "logs").code == 0
        found = sorted(os.listdir(shell.folder / "logs"))
        assert len(found) == 2
        assert OLD not in found
        assert OLD in os.listdir(shell.folder)
        removed_one = [line for line in shell("--parallel", "-v", "--output-dir", "logs").lines if "is removed" in line]
        assert len(removed_one) == 1

    def test_keep_all_otherwise(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        for _ in range(3):
            assert shell("--parallel").code == 0
        assert len(list(shell.folder.glob("sync_*"))) == 3

    def test_never_remove_their_own(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        log(shell.folder / "sync_29991231_2359" / "Burgos.txt")
        assert shell("--parallel", "--config", "keep_logs=1").code == 0
        assert len(list(shell.folder.glob("sync_*/Burgos.txt"))) == 2


class TestTheOutputFolder:
    def test_gets_logs_and_backups_and_is_made_with_those_above_it(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        words = ("--output-dir", "var/of glancesync")
        assert shell("--parallel", *words).code == 0
        assert "backup_glance_" in shell("--make-backups", *words).out
        folder = shell.folder / "var" / "of glancesync"
        assert [len(list(folder.glob(f"{what}/*"))) for what in ("sync_*", "backup_glance_*")] == [1, 4]
        assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]

    @pytest.mark.parametrize("words", [["--parallel"], ["--make-backups"], ["--parallel", "--dry-run"]])
    def test_that_cannot_be_used_ends_it_before_anything_is_done(self, shell: Shell, words: list[str]) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        (shell.folder / "file").touch()
        ended = shell("--output-dir", "file/logs", *words)
        assert (ended.code, ended.out) == (2, "")
        assert ended.complaints == ["ERROR:--output-dir: file/logs cannot be used: Not a directory"]
        assert shell("--output-dir", "file", *words).complaints == [
            "ERROR:--output-dir: file cannot be used: Not a directory"
        ]
        assert shell.images("Burgos") == []

    def test_is_not_made_where_nothing_goes_there(self, shell: Shell) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        assert shell("--show-status", "--parallel", "--output-dir", "new").code == 0
        assert not (shell.folder / "new").exists()

    def test_has_a_name(self, shell: Shell) -> None:
        assert shell("--output-dir", " ", "--parallel").complaints == ["ERROR:--output-dir names no folder"]

    def test_that_nothing_can_be_written_to_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(PermissionError):
            make_private_folder(tmp_path)
