"""``scripts/try --embedded``, with the program of this checkout: what it shows, and what it leaves to be done."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from devcloud_lib.topology import MASTER_REGION, SECOND_TARGET, standard_regions
from workbench import trial

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the programs that are called, in place of an installation."""
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    for name, words in (("python", ()), ("glancesync", (str(ROOT / "fiwareglancesync" / "sync.py"),))):
        command = shlex.join([sys.executable, *words])
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    monkeypatch.setattr(trial, "prepare", lambda *words: folder / "python")
    monkeypatch.setattr(trial, "FEDERATION", tmp_path / "federation")
    return folder


def test_the_example_is_shown_one_region_is_done_and_the_others_are_left(
    program: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert trial.main(["--embedded"]) == 0
    out, _ = capfd.readouterr()
    _, _, before, done, after = out.split("\n==> ")[1:]
    assert "$ glancesync Caceres\n" in done
    rows = {tuple(line.split()[:3]) for line in after.splitlines()}
    assert ("ok", "Caceres", "base_debian_12") in rows
    assert ("error_checksum", "Caceres", "base_ubuntu_22.04") in rows
    assert ("pending_upload", "Burgos", "orion-psb-image-R5.2") in rows
    assert ("pending_upload", "federation2:Madrid", "cosmos-hadoop-R5.2") in rows
    assert ("pending_upload", "Caceres", "base_debian_12") in {tuple(line.split()[:3]) for line in before.splitlines()}


def test_each_command_that_it_proposes_can_be_called(
    program: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert trial.main(["--embedded"]) == 0
    out, _ = capfd.readouterr()
    proposed = [line.strip() for line in out.rpartition("To go on")[2].splitlines() if line.startswith("  ")]
    exports = proposed[1].removeprefix("export ")
    variables = dict(word.split("=", 1) for word in shlex.split(exports))
    environment = os.environ | variables | {"PATH": f"{program}:{os.environ['PATH']}"}
    commands = [command for command in proposed if command.startswith("glancesync ")]
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr)


def test_its_regions_are_those_of_the_development_cloud() -> None:
    files = (ROOT / "examples" / "embedded").glob("backup_*.csv")
    names = {file.stem.removeprefix("backup_").removeprefix(f"{SECOND_TARGET}:") for file in files}
    assert names == set(standard_regions())
    assert f"master_region = {MASTER_REGION}\n" in trial.EXAMPLE_CONFIG.read_text()


def test_ctrl_c_ends_it_with_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*words: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(trial, "prepare", interrupt)
    assert trial.main(["--embedded"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted; the next call continues."
