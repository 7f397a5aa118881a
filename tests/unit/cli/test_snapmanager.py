"""``snapmanager`` is the daemon with the options of the original program (snapshots 1.6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.cli import snapshots_daemon
from fiwareglancesync.cli.snapmanager_command import words_of_daemon
from fiwareglancesync.scripts.snapmanager import main
from tests.support.snapshot_commands import cluster_with, ready_for_commands
from tests.support.snapshot_runs import image_of
from tests.support.stand_ins.ceph_stand_in import StoredCluster

WEB, DB = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"

Call = Callable[..., int]


@pytest.fixture
def cluster() -> StoredCluster:
    """A cluster with two volumes."""
    return cluster_with("v1", "v2")


@pytest.fixture
def call(cluster: StoredCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the command; the exit code."""
    servers = f"{WEB}\tacme\tweb\tv1\n{DB}\tacme\tdb\tv2\n"
    modules = (snapshots_daemon,)
    conf = ready_for_commands(cluster, tmp_path, monkeypatch, modules, schedule="web: 3@2\n", servers=servers)
    return lambda *words: main(["--conf", str(conf), *words])


def made(cluster: StoredCluster) -> list[int]:
    return [len(cluster.images[image_of(volume)].snapshots) for volume in ("v1", "v2")]


def test_its_options_are_words_of_the_daemon() -> None:
    words = ["--ceph-conf", "a.conf", "--ceph-pool", "fast", "--os-conf", "openrc", "--enable-general-snapshots"]
    assert words_of_daemon(words, "snapmanager") == [
        "snapshots", "daemon", "--config", "snapshots.ceph_conf=a.conf", "--config", "snapshots.ceph_pool=fast",
        "--os-conf=openrc", "--enable-general-snapshots",
    ]  # fmt: skip
    assert words_of_daemon([], "snapmanager") == ["snapshots", "daemon"]


@pytest.mark.parametrize(("word", "start"), [("--help", "usage: "), ("--version", "glancesync ")])
def test_help_and_version_are_printed_and_nothing_else_is_done(
    word: str, start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def called(*_: object) -> int:
        raise AssertionError("the command was called")

    monkeypatch.setattr("fiwareglancesync.main.main", called)
    assert main([word]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(start)
    assert shown.err == ""


def test_a_force_option_makes_all_of_its_snapshots_and_ends(call: Call, cluster: StoredCluster) -> None:
    assert call("--force-scheduled-snapshots") == 0
    assert made(cluster) == [1, 0]
    assert call("--force-general-snapshots") == 0
    assert made(cluster) == [1, 1]
    assert call("--force-general-snapshots", "--force-scheduled-snapshots") == 0
    assert made(cluster) == [2, 2]


def test_what_fails_is_exit_code_1_and_in_the_log(call: Call, cluster: StoredCluster, tmp_path: Path) -> None:
    for number in range(450):
        cluster.add(image_of("v1"), f"s{number}")
    assert call("--force-scheduled-snapshots") == 1
    assert made(cluster) == [450, 0]
    assert "ERROR:failed daily of v1: the image has 450 snapshots" in (tmp_path / "log").read_text()


def test_a_log_that_cannot_be_written_is_one_line(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").mkdir()
    assert call("--force-scheduled-snapshots") == 2
    assert capsys.readouterr().err == (
        f"ERROR:[snapshots] log_file: {tmp_path}/log cannot be written: Is a directory; make it for this account, or "
        "name another file\n"
    )


def test_mistakes_of_the_account_file_are_reported_without_values(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "openrc").write_text("export OS_PASSWORD=s3cr3t$X\n")
    assert call("--os-conf", str(tmp_path / "openrc")) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ERROR:{tmp_path}/openrc:1: OS_PASSWORD: nothing is replaced")
    assert "s3cr3t" not in error


@pytest.mark.parametrize("content", ["", "export OS_USERNAME=me\n"])
def test_an_account_file_without_a_whole_account_is_a_mistake(
    call: Call, tmp_path: Path, cluster: StoredCluster, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    openrc = tmp_path / "openrc"
    openrc.write_text(content)
    assert call("--os-conf", str(openrc), "--force-scheduled-snapshots") == 2
    assert "the Keystone URL is missing: set OS_AUTH_URL" in capsys.readouterr().err
    assert made(cluster) == [0, 0]
