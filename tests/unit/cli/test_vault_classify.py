"""``glancesync vault classify`` as a user calls it, on the sample data (vault 5.2)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fiwareglancesync.main import main
from tests.support.references import ROOT

TABLE = b"""\
imageName,inBPs,onDisk,onCluster,Status\r
centos-stream-9-router,True,True,False,imageMissing\r
debian-10-web,False,False,True,DeleteImage\r
debian-11-web,False,True,True,DeleteImage\r
fedora-33-web,False,True,False,DeleteImage\r
ubuntu-22.04-database,True,False,True,bkpMissing\r
ubuntu-22.04-web,True,True,True,ALLGOOD\r
windows-2022-client,True,False,False,ALERT\r
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample data."""
    return Path(shutil.copytree(ROOT / "examples" / "sampledata", tmp_path / "lists"))


def call(*words: object) -> int:
    return main(["vault", "classify", *map(str, words)])


def test_the_seven_cases_of_the_sample_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {path.name for path in folder.iterdir()}
    assert call("--lists", folder) == 4
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in given} == {
        "ALERT.txt": b"windows-2022-client\n",
        "ALLGOOD.txt": b"ubuntu-22.04-web\n",
        "ImageDelete.txt": b"debian-10-web\ndebian-11-web\nfedora-33-web\n",
        "ImageMissing-Cluster.txt": b"centos-stream-9-router\n",
        "ImageMissing-Disk.txt": b"ubuntu-22.04-database\n",
        "table1.csv": TABLE,
    }
    *lines, last = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[2] == ["ALERT", "windows-2022-client", "yes", "no", "no"]
    assert [line[0] for line in lines[2:]] == [
        "ALERT", "imageMissing", "bkpMissing", "DeleteImage", "DeleteImage", "DeleteImage", "ALLGOOD",
    ]  # fmt: skip
    assert last[:3] == ["INFO:Written", "into", f"{folder}:"]
    assert {word.strip(",") for word in last[3:]} == {path.name for path in folder.iterdir()} - given


def test_the_page_of_the_sample_data_shows_what_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("--lists", folder)
    page = (folder / "README.rst").read_text(encoding="utf-8").splitlines()
    shown = [line.split()[:5] for line in page if line.endswith("``") and "yes" in line]
    assert shown == [line.split()[:5] for line in capsys.readouterr().out.splitlines()[3:-1] if line.strip()]


def test_line_ends_make_no_difference(folder: Path) -> None:
    for path in folder.glob("images_*.txt"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n\r\n").removesuffix(b"\r\n\r\n"))
    assert call("--lists", folder) == 4
    assert (folder / "table1.csv").read_bytes() == TABLE


def test_the_table_is_printed_as_csv_and_json(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call("--lists", folder, "--format", "csv")
    assert capfdbinary.readouterr().out == TABLE
    call("--lists", folder, "--format", "json")
    first = json.loads(capfdbinary.readouterr().out)[0]
    assert first == {
        "image": "windows-2022-client",
        "status": "ALERT",
        "needed": True,
        "on_region": False,
        "on_shelf": False,
        "reason": None,
        "templates": [],
    }


def test_without_an_alert_the_exit_code_says_that_something_is_to_be_done(folder: Path) -> None:
    (folder / "images_in_bps.txt").write_text("ubuntu-22.04-web\nubuntu-22.04-database\n")
    assert call("--lists", folder) == 3
    (folder / "images_in_bps.txt").write_text("ubuntu-22.04-web\n")
    assert call("--lists", folder) == 0


@pytest.mark.parametrize("name", ["images_in_bps.txt", "images_on_cluster.txt", "images_on_disk.txt"])
def test_a_list_that_is_missing_is_named_and_nothing_is_written(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).unlink()
    assert call("--lists", folder) == 2
    assert capsys.readouterr().err == f"ERROR:the list {folder / name} cannot be read: No such file or directory\n"
    assert not (folder / "table1.csv").exists()


def test_a_list_that_is_no_text_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "images_on_disk.txt").write_bytes(b"abc\n\xff\n")
    assert call("--lists", folder) == 2
    assert "images_on_disk.txt is no UTF-8 text, from byte 4 on" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named_and_none_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted([*folder.iterdir(), folder / "table1.csv"])
    (folder / "table1.csv").mkdir()
    assert call("--lists", folder) == 1
    assert f"{folder / 'table1.csv'} cannot be written: Is a directory" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before, "other files are written all the same"


def test_a_table_of_somebody_else_is_not_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "table1.csv").write_text("room,chairs\nblue,4\n")
    before = sorted(folder.iterdir())
    assert call("--lists", folder) == 1
    assert f"{folder / 'table1.csv'} is no table of images, and is not replaced" in capsys.readouterr().err
    assert (folder / "table1.csv").read_text() == "room,chairs\nblue,4\n"
    assert sorted(folder.iterdir()) == before


def test_the_folder_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert "--lists" in capsys.readouterr().err
