"""Backups are folders that have everything about the images of each region."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given

from fiwareglancesync.base.errors import ConfigError, NotWritten
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import (
    backup_files,
    make_backup_folder,
    read_backup,
    write_backup,
)

from .strategies import ALL_FIELDS, REGION, images


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def load(folder: Path) -> dict[str, list[Image]]:
    return {region: list(read_backup(file, region)) for region, file in backup_files(folder).items()}


def test_each_region_has_two_files_that_only_the_user_reads(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    write_backup(folder, "other:Madrid", [Image("i", "n", "other:Madrid")])
    write_backup(folder, "a/b", [])
    assert {file.name for file in folder.iterdir()} == {
        "backup_other:Madrid.csv",
        "backup_other:Madrid.jsonl",
        "backup_a%2Fb.csv",
        "backup_a%2Fb.jsonl",
    }
    assert mode(folder) == 0o700
    assert {mode(file) for file in folder.iterdir()} == {0o600}


@given(some=images(ALL_FIELDS))
def test_a_backup_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, some: list[Image]) -> None:
    first, second = (tmp_path_factory.mktemp("backup") for _ in range(2))
    write_backup(first, REGION, some)
    assert load(first) == {REGION: some}
    write_backup(second, REGION, load(first)[REGION])
    for file in first.iterdir():
        assert (second / file.name).read_bytes() == file.read_bytes()


def test_json_lines_are_read_when_there_are_any(tmp_path: Path) -> None:
    write_backup(tmp_path, "Burgos", [Image("i", "n", "Burgos", tags=("t",))])
    assert load(tmp_path)["Burgos"][0].tags == ("t",)
    (tmp_path / "backup_Burgos.jsonl").unlink()
    assert load(tmp_path)["Burgos"][0].tags == ()


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "backup_Burgos.csv").touch()
    for name in ("config", "notes.csv", "backup_Burgos.txt", "Backup_Madrid.csv"):
        (tmp_path / name).write_text("nonsense")
    assert load(tmp_path) == {"Burgos": []}


def test_the_prefix_of_the_master_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "backup_master:Burgos.csv").touch()
    assert load(tmp_path) == {"Burgos": []}


def test_other_encodings_and_marks_are_read(tmp_path: Path) -> None:
    row = "Burgos,Cáceres,i,active,1,c,o,True,{}\n"
    (tmp_path / "backup_Burgos.csv").write_bytes(row.encode("utf-8-sig"))
    (tmp_path / "backup_Avila.csv").write_bytes(row.encode("latin-1"))
    loaded = load(tmp_path)
    assert loaded["Burgos"][0].name == "Cáceres"
    (strange,) = loaded["Avila"]
    write_backup(tmp_path / "again", "Avila", [strange])
    assert load(tmp_path / "again")["Avila"] == [strange]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([], "no backup_<region>.csv or .jsonl file"),
        (["backup_.csv"], "the name of the region is missing"),
        (["backup_other:.csv"], "the name of the region is missing"),
        (["backup_master:Burgos.csv", "backup_Burgos.csv"], "are both of region Burgos"),
        (["backup_%42urgos.csv", "backup_Burgos.csv"], "are both of region Burgos"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, files: list[str], problem: str) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(ConfigError) as refused:
        backup_files(tmp_path)
    assert problem in str(refused.value)


def test_a_missing_folder_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory, expected a folder"):
        backup_files(tmp_path / "missing")
    (tmp_path / "backup_Burgos.csv").mkdir()
    with pytest.raises(ConfigError, match=r"backup_Burgos\.csv: Is a directory, expected a readable file"):
        load(tmp_path)


def test_a_full_disk_leaves_neither_file(tmp_path: Path) -> None:
    (tmp_path / "backup_Burgos.jsonl").symlink_to("/dev/full")
    with pytest.raises(NotWritten) as caught:
        write_backup(tmp_path, "Burgos", [Image("i", "n", "Burgos")])
    assert str(caught.value) == f"{tmp_path}/backup_Burgos.jsonl cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten, match=rf"^{tmp_path}/file/backup cannot be written: Not a directory$"):
        make_backup_folder(tmp_path / "file" / "backup")
