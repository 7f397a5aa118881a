"""``glancesync volumes drill`` on a cloud of stand-ins (volumes 1.3): lines, exit codes, what other verbs say of it."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.cli.volumes_command import main
from fiwareglancesync.terminal.volume_bars import VolumeBars
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups
from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.volume_verbs import Run, call, marked_cloud


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudStandIn]:
    """A cloud with a marked server of two volumes, and the account in the environment."""
    monkeypatch.setattr("fiwareglancesync.volumes.execution.temporary_volumes.POLL_SECONDS", 0.01)
    monkeypatch.setattr("fiwareglancesync.volumes.execution.volume_drill.POLL_SECONDS", 0.01)
    with marked_cloud(monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture
def run(cloud: CloudStandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls a verb; returns the exit code and what was printed."""
    return call(capsys)


@pytest.fixture
def broken(cloud: CloudStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every restore ends with an error."""
    restore = OpenStackBackups.restore

    def break_off(self: OpenStackBackups, backup_id: str, volume_id: str, **options: object) -> object:
        outcome = restore(self, backup_id, volume_id, **options)  # type: ignore[arg-type]
        cloud.state.backups[backup_id].status = "available"
        cloud.state.volumes[volume_id].status = "error_restoring"
        return outcome

    monkeypatch.setattr(OpenStackBackups, "restore", break_off)


def test_what_is_done_is_printed(run: Run, cloud: CloudStandIn) -> None:
    run("run")
    volumes = set(cloud.state.volumes)
    code, out, error = run("drill", "--sample", "5")
    assert (code, out) == (0, "")
    lines = error.splitlines()
    assert lines[0] == "INFO:Spain: backups that can be drilled: 2, drilled now: 2"
    assert sum(" of 1 GiB into temporary volume " in line for line in lines) == 2
    assert sum("can be restored (1s)" in line for line in lines) == 2
    assert sum(line.endswith(" is removed") for line in lines) == 2
    assert lines[-1].startswith("INFO:Spain: 2 restored, 0 failed; ")
    assert set(cloud.state.volumes) == volumes
    assert run("drill", "-q") == (0, "", "")


def test_without_a_backup_nothing_is_proven(run: Run) -> None:
    run("rebuild")
    code, _, error = run("drill")
    assert code == 1
    assert error.splitlines()[-1].startswith("WARNING:Spain: no backup was drilled; ")


@pytest.mark.parametrize("sample", ["0", "-1", "many", "1.5", "9999999999", ""])
def test_a_sample_that_is_no_number_of_backups_is_refused(run: Run, sample: str) -> None:
    code, _, error = run("drill", f"--sample={sample}")
    assert code == 2
    assert error.startswith("--sample ")
    assert error.endswith(": expected a number of backups, 1 or more")


@pytest.mark.usefixtures("broken")
def test_a_backup_that_cannot_be_restored_is_seen_everywhere(run: Run, tmp_path: Path) -> None:
    run("run")
    code, _, error = run("drill")
    assert code == 1
    cause = "Cause: Cinder reports the temporary volume as error_restoring"
    assert next(line for line in error.splitlines() if line.startswith("ERROR:")).endswith(cause)
    rows = json.loads(run("status", "--format", "json")[1])
    (row,) = [row for row in rows if row["verdict"] == "unrestorable"]
    assert row["drill"] == "failed"
    assert row["why"].startswith("a drill could not restore backup ")
    metrics = tmp_path / "volumes.prom"
    code, out, _ = run("check", "--metrics-file", str(metrics))
    assert code == 2
    assert out.rstrip().endswith("drill_good=0 drill_failed=1 drill_never=1")
    assert 'glancesync_volumes_by_last_drill{region="Spain",result="failed"} 1.0' in metrics.read_text()
    assert "glancesync_volumes_last_drill_at{" in metrics.read_text()
    assert "could not be restored in a drill: Cinder reports the temporary volume" in run("report")[1]


def test_the_status_says_when_a_volume_was_drilled(run: Run) -> None:
    run("run")
    run("drill")
    rows = list(csv.DictReader(io.StringIO(run("status", "--format", "csv")[1])))
    assert [bool(row["drilled"]) for row in rows if row["verdict"] == "ok"].count(True) == 1
    assert run("report")[0] == 0


def test_a_signal_says_what_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(bars: VolumeBars, seconds: float) -> None:
        raise Cancelled(signal.SIGTERM)

    run("run")
    monkeypatch.setattr(VolumeBars, "wait", stop)
    with pytest.raises(Cancelled) as stopped:
        main(("drill",), "glancesync volumes")
    assert stopped.value.left == "the next cycle or drill removes a temporary volume that is there"
    monkeypatch.undo()
