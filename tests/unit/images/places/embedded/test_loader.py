"""The loader's command: all of a backup or nothing, and one line that says why."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync import glancesync_serverfacade_mock as command
from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import write_backup
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.settings import Settings, Target

VARIABLE = "GLANCESYNC_MOCKPERSISTENT_PATH"
SCRIPT = Path(command.__file__)
SETTINGS = Settings("Spain", {"master": Target("master")})
OLD_ROW = "Burgos,old,i,active,1,c,,True,{}\n"
NEW_ROW = "Burgos,new,i,active,1,c,,True,{}\n"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    folder = tmp_path / "backup"
    folder.mkdir()
    (folder / "backup_Burgos.csv").write_text(OLD_ROW)
    (folder / "backup_Empty.csv").touch()
    return folder


def names(folder: Path, region: str = "Burgos") -> list[str]:
    return [image.name for image in EmbeddedFederation(folder, SETTINGS).images(region)]


def refusal(arguments: list[object], capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command, which fails; returns its one line."""
    assert command.main([str(argument) for argument in arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("ERROR: ")
    assert output.err.count("\n") == 1
    return output.err


def test_it_says_how_to_use_what_it_loaded(tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--path", str(tmp_path / "p"), str(backup)]) == 0
    assert capsys.readouterr().out == f"export {VARIABLE}={tmp_path}/p\n"
    assert names(tmp_path / "p") == ["old"]
    assert names(tmp_path / "p", "Empty") == []


@pytest.mark.parametrize("name", ["with space", "it's", "$(id)", "Cáceres"])
def test_a_shell_understands_it(tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert command.main(["--path", str(tmp_path / name), str(backup)]) == 0
    output = capsys.readouterr().out
    assert shlex.split(output) == ["export", f"{VARIABLE}={tmp_path / name}"]


def test_a_relative_path_becomes_absolute(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main(["--path", "p", "backup"]) == 0
    assert capsys.readouterr().out == f"export {VARIABLE}={tmp_path}/p\n"


def test_without_a_path_it_is_in_the_home(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert command.main([str(backup)]) == 0
    assert capsys.readouterr().out == f"export {VARIABLE}={tmp_path}/.glancesync_persist\n"


def test_a_random_path_is_new(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths = []
    for _ in range(2):
        assert command.main(["--random", str(backup)]) == 0
        paths.append(Path(shlex.split(capsys.readouterr().out)[1].partition("=")[2]))
    assert paths[0] != paths[1]
    assert names(paths[0]) == names(paths[1]) == ["old"]


def test_a_random_path_is_removed_when_nothing_was_loaded(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    refusal(["--random", tmp_path / "missing"], capsys)
    (backup / "backup_Zamora.csv").write_text("bad\n")
    refusal(["--random", backup], capsys)
    assert set(tmp_path.iterdir()) == before


def test_a_federation_is_replaced_only_when_confirmed(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(backup, tmp_path / "p", replace=False)
    (backup / "backup_Burgos.csv").write_text(NEW_ROW)
    assert "replace it with --confirm" in refusal(["--path", tmp_path / "p", backup], capsys)
    assert names(tmp_path / "p") == ["old"]
    assert command.main(["--path", str(tmp_path / "p"), "--confirm", str(backup)]) == 0
    assert names(tmp_path / "p") == ["new"]


def test_regions_of_the_replaced_federation_are_gone(tmp_path: Path, backup: Path) -> None:
    load(backup, tmp_path / "p", replace=False)
    (backup / "backup_Empty.csv").unlink()
    load(backup, tmp_path / "p", replace=True)
    assert EmbeddedFederation(tmp_path / "p", SETTINGS).regions(SETTINGS.master) == ["Burgos"]


def test_whoever_uses_it_sees_the_old_or_the_new_federation(tmp_path: Path, backup: Path) -> None:
    load(backup, tmp_path / "p", replace=False)
    user = EmbeddedFederation(tmp_path / "p", SETTINGS)
    assert [image.name for image in user.images("Burgos")] == ["old"]
    (backup / "backup_Burgos.csv").write_text(NEW_ROW)
    load(backup, tmp_path / "p", replace=True)
    assert [image.name for image in user.images("Burgos")] == ["new"]


def test_a_bad_row_leaves_the_federation_as_it_was(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(backup, tmp_path / "p", replace=False)
    (backup / "backup_Burgos.csv").write_text(NEW_ROW)
    (backup / "backup_Zamora.csv").write_text(NEW_ROW + "bad\n")
    line = refusal(["--path", tmp_path / "p", "--confirm", backup], capsys)
    assert f"{backup}/backup_Zamora.csv:2: 1 fields, expected 9" in line
    assert names(tmp_path / "p") == ["old"]


def test_a_bad_row_leaves_nothing_behind(tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (backup / "backup_Zamora.csv").write_text("bad\n")
    (tmp_path / "empty").mkdir()
    refusal(["--path", tmp_path / "p", backup], capsys)
    refusal(["--path", tmp_path / "empty", backup], capsys)
    assert {entry.name for entry in tmp_path.iterdir()} == {"backup", "empty"}
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--confirm"]])
def test_a_folder_of_others_is_never_used(
    tmp_path: Path, backup: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    before = {file.name: file.read_bytes() for file in backup.iterdir()}
    assert "holds other files" in refusal(["--path", backup, *options, backup], capsys)
    assert {file.name: file.read_bytes() for file in backup.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "required: DIR"),
        (["--bogus", "d"], "unrecognized arguments: --bogus"),
        (["--path", "p", "--random", "d"], "not allowed with"),
        (["--path", "p", "missing"], "missing: No such file or directory"),
        (["--path", "p", "."], "no backup_<region>.csv"),
    ],
)
def test_wrong_usage_is_reported_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[object],
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert problem in refusal(arguments, capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_second_loader_that_was_faster_is_noticed(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_create(folder: Path) -> Path:
        monkeypatch.undo()
        load(backup, folder, replace=False)
        (backup / "backup_Burgos.csv").write_text(NEW_ROW)
        return folder / "federation.sqlite"

    monkeypatch.setattr("fiwareglancesync.images.places.embedded.loader.create", slow_create)
    with pytest.raises(ConfigError, match="--confirm"):
        load(backup, tmp_path / "p", replace=False)
    assert names(tmp_path / "p") == ["old"]


def test_a_backup_of_what_was_loaded_is_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    some = [
        Image("b", "x,y", "Burgos", size=1, checksum="c", created_at="000000000002", tags=("t",)),
        Image("a", "é\n", "Burgos", visibility="shared", created_at="000000000005", user_properties={"k": "'"}),
    ]
    write_backup(first, "Burgos", some)
    load(first, tmp_path / "p", replace=False)
    write_backup(second, "Burgos", EmbeddedFederation(tmp_path / "p", SETTINGS).images("Burgos"))
    assert {file.name for file in second.iterdir()} == {"backup_Burgos.csv", "backup_Burgos.jsonl"}
    for file in second.iterdir():
        assert file.read_bytes() == (first / file.name).read_bytes()


@pytest.mark.parametrize("way", ["file", "module"])
def test_it_runs_as_a_file_and_as_a_module(tmp_path: Path, backup: Path, root: Path, way: str) -> None:
    assert os.access(SCRIPT, os.X_OK)
    program = [str(SCRIPT)] if way == "file" else ["-m", "fiwareglancesync.glancesync_serverfacade_mock"]
    done = subprocess.run(
        [sys.executable, *program, "--path", str(tmp_path / "p"), str(backup)],
        cwd=tmp_path if way == "file" else root,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == f"export {VARIABLE}={tmp_path}/p\n"
