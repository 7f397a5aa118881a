"""``scripts/try --snapshots``: what it writes, and which schedule has a mistake."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from workbench import snapshot_trial, trial
from workbench.venv import SetupError

from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.snapshot_options import read_snapshot_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are written."""
    monkeypatch.setattr(snapshot_trial, "FOLDER", tmp_path)
    monkeypatch.setattr(snapshot_trial, "CONFIGURATION", tmp_path / "glancesync.conf")
    monkeypatch.setattr(snapshot_trial, "SCHEDULE", tmp_path / "sched.yml")
    snapshot_trial.write_files("/etc/ceph/ceph.conf")
    return tmp_path


def test_the_schedule_has_one_mistake_until_it_is_mended(folder: Path) -> None:
    path = folder / "sched.yml"
    assert [str(each.position) for each in read_schedule(path.read_bytes()).mistakes] == ["1:17"]
    with snapshot_trial.mended():
        assert read_schedule(path.read_bytes()).mistakes == []


def test_the_configuration_is_one_that_the_program_reads(folder: Path) -> None:
    configuration = Configuration(str(folder / "glancesync.conf"), [], {}, option_tables(), lambda *_: None)
    configuration.raise_problems()
    assert configuration.findings.warnings == []
    settings = read_snapshot_settings(configuration)
    assert (settings.schedule_file, settings.deleted_keep) == (str(folder / "sched.yml"), 1)


def test_a_step_may_have_another_exit_code_and_only_that_one() -> None:
    fails = [sys.executable, "-c", "raise SystemExit(2)"]
    trial._call(fails, {}, exit_codes={2})
    with pytest.raises(SetupError, match="exit code 2"):
        trial._call(fails, {})


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"^no-such-program cannot be called: No such file or directory"):
        trial._call(["no-such-program"], {"PATH": str(tmp_path)})
