"""The command that writes a configuration file."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync.images.configuration import configuration_text
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.scripts import generate_config_file


def test_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_config_file.main([]) == 0
    assert capsys.readouterr().out == configuration_text(option_tables())


def test_to_a_file_that_only_the_user_reads(tmp_path: Path) -> None:
    path = tmp_path / "glancesync.conf"
    assert generate_config_file.main(["-o", str(path)]) == 0
    assert path.read_text() == configuration_text(option_tables())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_exists_is_kept_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "glancesync.conf"
    path.write_text("mine")
    path.chmod(0o644)
    assert generate_config_file.main(["-o", str(path)]) == 2
    assert path.read_text() == "mine"
    assert capsys.readouterr().err == f"ERROR:{path} exists; give --force to overwrite it\n"
    assert generate_config_file.main(["-o", str(path), "--force"]) == 0
    assert path.read_text() == configuration_text(option_tables())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_config_file.main(["-o", str(tmp_path / "no" / "file")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_no_part_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "glancesync.conf"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        code = generate_config_file.main(["-o", str(path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 2
    assert capsys.readouterr().err == f"ERROR:{path} cannot be written: File too large\n"
    assert not path.exists()


def test_run_by_its_path_from_anywhere(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(root / "fiwareglancesync/scripts/generate_config_file.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == configuration_text(option_tables())
