"""``scripts/try``: with --embedded what it shows and leaves to be done, without it the commands that it calls."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from devcloud_lib.seed_images import SEED
from devcloud_lib.topology import MAIN_ACCOUNT, MASTER_REGION, SECOND_TARGET, standard_regions
from workbench import cloud, trial

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


def test_without_bytes_there_is_no_backup_and_a_line_says_so(
    program: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert trial.main(["--embedded"]) == 0
    out, _ = capfd.readouterr()
    assert "$ glancesync vault" not in out
    assert "Its images have no bytes, so there is nothing to back up; scripts/try shows a backup and a restore." in out


@pytest.fixture
def stand_ins(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that only print their words, and a cloud that is not started."""
    for name in ("python", "glancesync"):
        (program / name).write_text(f'#!/bin/sh\necho "{name} in $OS_REGION_NAME: $*"\n')
    monkeypatch.setattr(cloud, "command", lambda *words: ["true"])
    monkeypatch.setattr(cloud, "exported", lambda environment: {"OS_REGION_NAME": "Spain"})
    monkeypatch.setattr(trial, "VAULT", tmp_path / "vault")
    return program


def test_after_the_synchronisation_images_are_lost_and_come_back_from_a_backup(
    stand_ins: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert trial.main([]) == 0
    out, _ = capfd.readouterr()
    vault = os.path.relpath(trial.VAULT, ROOT)
    shown = out.partition("==> The status now")[2].partition("To go on")[0]
    restore = f"--from vault:Burgos Burgos --vault {vault}"
    heal = f"vault heal Burgos --templates examples/templates --vault {vault}"
    assert [line for line in shown.splitlines() if " in Spain: " in line or " in Burgos: " in line][1:] == [
        f"glancesync in Spain: vault init {vault}",
        f"glancesync in Spain: vault backup Burgos --vault {vault}",
        'python in Burgos: -c import openstack; openstack.connect().delete_image("repository-image-R4_obsolete")',
        f"glancesync in Spain: {restore} --show-status",
        f"glancesync in Spain: {restore} --dry-run",
        f"glancesync in Spain: {restore}",
        f"glancesync in Spain: {restore} --show-status",
        'python in Burgos: -c import openstack; openstack.connect().delete_image("kurento-image-R6.3")',
        f"glancesync in Spain: {heal} --dry-run",
        f"glancesync in Spain: {heal}",
        f"glancesync in Spain: {heal}",
    ]


def test_a_command_is_printed_before_its_output(stand_ins: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert trial.main([]) == 0
    lines = capfd.readouterr().out.splitlines()
    commands = [line for line in lines if line.startswith("$ ")]
    assert len(commands) == 14
    for command in commands:
        words = [word for word in shlex.split(command)[1:] if word != "env" and not word.startswith("OS_")]
        output = lines[lines.index(command) + 1]
        assert output.startswith(f"{words[0]} in ")
        assert output.endswith(f": {' '.join(words[1:])}")


def test_the_vault_of_an_earlier_call_is_made_again(stand_ins: Path) -> None:
    (trial.VAULT / "shelves").mkdir(parents=True)
    assert trial.main([]) == 0
    assert not trial.VAULT.exists()


def test_the_lost_image_is_one_that_no_synchronisation_brings_back() -> None:
    names = {f"{image.name}_obsolete" for image in SEED[trial.BACKED_UP] if image.account == MAIN_ACCOUNT}
    assert trial.LOST_IMAGE in names
    assert trial.LOST_IMAGE in {image.name for image in SEED[MASTER_REGION]}


def test_healing_may_find_images_that_are_nowhere_and_nothing_else_may_end_so(
    stand_ins: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (stand_ins / "glancesync").write_text('#!/bin/sh\ncase "$*" in "vault heal "*) exit 4;; esac\n')
    assert trial.main([]) == 0
    (stand_ins / "glancesync").write_text('#!/bin/sh\ncase "$*" in "vault backup "*) exit 4;; esac\n')
    assert trial.main([]) == 1
    (stand_ins / "glancesync").write_text('#!/bin/sh\ncase "$*" in "vault heal "*) exit 1;; esac\n')
    assert trial.main([]) == 1
    assert "ended with exit code 1" in capfd.readouterr().err


def test_the_needed_image_is_one_of_the_master_region_and_of_a_template() -> None:
    assert trial.NEEDED_IMAGE in {image.name for image in SEED[MASTER_REGION]}
    templates = (ROOT / trial.TEMPLATES).rglob("*.template")
    assert any(trial.NEEDED_IMAGE in template.read_text() for template in templates)


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
