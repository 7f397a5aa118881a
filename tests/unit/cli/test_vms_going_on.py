"""``glancesync vms status`` and ``check`` while a process works on the volume (vms 1.4)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.locks.region_lock import lock
from fiwareglancesync.main import main
from fiwareglancesync.vms.backup_journal import Journal, SlaveState, Stage
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.execution.volume_lock import volume_key
from tests.support.vm_builders import journal, journal_machine

VOLUME = "data"
PROCESS = f"process {os.getpid()} at {socket.gethostname()}"


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of this machine is looked at."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file of a backup."""
    file = tmp_path / "backup.cfg"
    file.write_text(f"[libvirt]\nuri = test:///default\n[state]\nfolder = {tmp_path / 'state'}\n", encoding="utf-8")
    return file


def stamp(hours: float = 0) -> str:
    """So many hours ago, as journals write it."""
    return (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat(timespec="seconds")


def good(hours: float) -> Journal:
    """A run that was begun so many hours ago, and was a success."""
    at = stamp(hours)
    state = SlaveState.CONSISTENT
    return replace(journal(), run="run-1", started=at, ended=at, since=at, result="SUCCESS", slave_state=state)


def replicating(hours: float = 0) -> Journal:
    """A run that was begun so many hours ago, and has not ended."""
    at, its = stamp(hours), journal_machine(1, stage=Stage.SNAPSHOTTED)
    return replace(journal(its), run="run-2", started=at, since=at, checkpoint=5, slave_state=SlaveState.TORN)


def keep(tmp_path: Path, *journals: Journal) -> None:
    """Write journals where the file says."""
    for each in journals:
        JournalFiles(tmp_path / "state", VOLUME).write(each)


def checked(config: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a check, and its line without the performance data."""
    code = main(["vms", "check", "-c", str(config)])
    return code, capsys.readouterr().out.partition(" | ")[0]


def going_on(run: Journal) -> str:
    """What is said of a run that replicates."""
    return f"data: run {run.run} goes on since {run.started}: it replicates ({PROCESS})"


def test_status_says_since_when_a_run_goes_on_and_what_it_does(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock((volume_key(VOLUME),), "us"):
        keep(tmp_path, good(24), run := replicating())
        assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == f"data,gs::copy,run-2,going on,torn since {run.since}"
    assert err == f"INFO:{going_on(run)}\n"


@pytest.mark.parametrize("former", [(good(24),), ()], ids=["after a good one", "the first one"])
def test_a_run_that_goes_on_is_no_alarm_though_the_slave_is_torn_meanwhile(
    former: Sequence[Journal], tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock((volume_key(VOLUME),), "us"):
        keep(tmp_path, *former, run := replicating())
        assert checked(config, capsys) == (0, f"VMS OK - gs::copy is torn since {run.since}; {going_on(run)}")
    code, line = checked(config, capsys)
    assert code == 2
    assert line.endswith("data: no slave holds a consistent backup; data: not ended: run-2")


def test_a_first_run_that_has_not_written_to_the_slave_is_no_alarm(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock((volume_key(VOLUME),), "us"):
        keep(tmp_path, run := replace(journal(), started=stamp()))
        step = "looks at the volumes and the virtual machines"
        line = f"data: run run-1 goes on since {run.started}: it {step} ({PROCESS})"
        assert checked(config, capsys) == (0, f"VMS OK - no slave is written to yet; {line}")


def test_a_run_that_takes_longer_than_a_backup_may_be_old_is_critical(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock((volume_key(VOLUME),), "us"):
        [file] = {path.resolve() for path in tmp_path.rglob("*.lock") if path.parent.name != "glancesync"}
        written = json.loads(file.read_text(encoding="utf-8")) | {"started": stamp(27)}
        file.write_text(json.dumps(written), encoding="utf-8")
        keep(tmp_path, good(25), run := replicating(27))
        code, line = checked(config, capsys)
    assert (code, line) == (2, f"VMS CRITICAL - data: run run-2 takes too long; {going_on(run)}")


def test_the_failure_of_the_run_before_stays_an_alarm(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = replace(good(24), result="FAILED", slave_state=SlaveState.TORN)
    with lock((volume_key(VOLUME),), "us"):
        keep(tmp_path, failed, run := replicating())
        code, line = checked(config, capsys)
    assert code == 2
    assert line.endswith(f"no slave holds a consistent backup; data: run run-1: FAILED; {going_on(run)}")


def test_a_process_that_recovers_a_killed_run_is_named_and_does_not_mend_the_slave_by_that(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, replicating(3))
    with lock((volume_key(VOLUME),), "us"):
        code, line = checked(config, capsys)
        assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    assert code == 2
    assert line.startswith(f"VMS CRITICAL - data: no slave holds a consistent backup; data: {PROCESS} works on")
    assert line.endswith("; it recovers run-2")
    out, err = capsys.readouterr()
    assert "WARNING" not in err
    assert ",run-2,being recovered,torn since" in out
    assert main(["vms", "status", "-c", str(config)]) == 0
    assert capsys.readouterr().err == "WARNING:data: run run-2 has not ended, or was killed\n"
