"""The verbs of ``glancesync volumes`` on a cloud of stand-ins (volumes 1)."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import Cancelled, GlanceSyncError
from fiwareglancesync.cli.volumes_command import main
from fiwareglancesync.volumes import volume_cycle
from fiwareglancesync.volumes.conductor import Conductor
from tests.support.stand_ins.cloud_stand_in import PASSWORD, REGION, CloudStandIn, cloud_stand_in

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudStandIn]:
    """A cloud with a marked server of two volumes, and the account in the environment."""
    for name in [name for name in os.environ if name.startswith(("OS_", "GLANCESYNC"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(volume_cycle, "POLL_SECONDS", 0.01)
    with cloud_stand_in() as found:
        found.add_server("web", found.add_volume("root"), found.add_volume("data"), backup="true")
        found.add_server("bastion", found.add_volume("other"))
        monkeypatch.setenv("OS_AUTH_URL", found.auth_url)
        monkeypatch.setenv("OS_USERNAME", "backups")
        monkeypatch.setenv("OS_PASSWORD", PASSWORD)
        monkeypatch.setenv("OS_PROJECT_NAME", "backups")
        monkeypatch.setenv("OS_REGION_NAME", REGION)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("GLANCESYNCAPP_DATABASE_PATH", str(tmp_path / "data"))
        yield found


@pytest.fixture
def run(cloud: CloudStandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls a verb; returns the exit code and what was printed."""

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words, "glancesync volumes")
        except GlanceSyncError as error:
            return error.exit_code, "", str(error)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_plan_shows_each_volume_and_writes_nothing(cloud: CloudStandIn, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("plan", "--format", "csv")
    assert code == 0
    assert out.splitlines()[0] == "project,server,volume,action,why"
    assert [(row["server"], row["volume"], row["action"]) for row in rows(out)] == [
        ("web", "data", "full"),
        ("web", "root", "full"),
    ]
    assert not (tmp_path / "data").exists()
    assert not cloud.state.backups


def test_a_plan_of_a_project_that_is_not_there_names_the_near_one(run: Run) -> None:
    code, _, error = run("plan", "Default/tenamt")
    assert code == 2
    assert error == "there is no project Default/tenamt; did you mean Default/tenant?"
    assert run("plan", "Default/tenant")[0] == 0


def test_an_embedded_federation_has_no_volumes(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLANCESYNC_MOCKPERSISTENT_PATH", str(tmp_path))
    assert run("plan")[::2] == (
        2,
        "the embedded federation that GLANCESYNC_MOCKPERSISTENT_PATH names has no volumes; unset the variable",
    )


def test_a_run_does_what_the_plan_says(cloud: CloudStandIn, run: Run) -> None:
    code, _, error = run("run")
    assert code == 0
    assert "INFO:Spain: volumes with backups: 2, due now: 2" in error
    assert error.splitlines()[-1].startswith("INFO:Spain: 2 good, 0 failed; ")
    assert {backup.status for backup in cloud.state.backups.values()} == {"available"}
    assert [row["action"] for row in rows(run("plan", "--format", "csv")[1])] == ["wait", "wait"]
    assert run("run", "-q")[1:] == ("", "")


def test_a_backup_that_fails_is_an_error_and_the_exit_code_says_so(cloud: CloudStandIn, run: Run) -> None:
    cloud.fail(r"POST \S*/backups(\?|$)", 413, document={"overLimit": {"code": 413, "message": "Quota exceeded"}})
    code, _, error = run("run")
    assert code == 1
    assert "no backup. Cause: " in error
    assert "Quota exceeded" in error


def test_the_status_shows_verdicts_and_servers_without_the_mark(run: Run) -> None:
    code, out, _ = run("status", "--format", "csv", "--exit-code")
    assert code == 1
    assert [(row["server"], row["verdict"]) for row in rows(out)] == [
        ("web", "never"),
        ("web", "never"),
        ("bastion", "unprotected"),
    ]
    run("run")
    code, out, _ = run("status", "--format", "json", "--exit-code")
    assert code == 0
    assert [(row["verdict"], row["chain"]) for row in json.loads(out)] == [("ok", 1), ("ok", 1), ("unprotected", 0)]


def test_the_check_is_one_line_with_the_codes_of_nagios(cloud: CloudStandIn, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("check")
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith("VOLUMES WARNING - 2 volumes: 2 never | ok=0 late=0 never=2 ")
    run("run")
    metrics = tmp_path / "volumes.prom"
    code, out, _ = run("check", "--metrics-file", str(metrics))
    assert code == 0
    assert out.startswith("VOLUMES OK - 2 volumes: 2 ok | ")
    assert 'glancesync_volumes{region="Spain",verdict="ok"} 2.0' in metrics.read_text()
    assert "root" not in metrics.read_text()
    cloud.state.backup_service_is_up = False
    assert run("check")[0] == 2
    cloud.fail("os-services", 500, times=99)
    code, out, _ = run("check")
    assert code == 3
    assert out.startswith("VOLUMES UNKNOWN - ")


def test_a_report_says_what_a_digest_says(run: Run, tmp_path: Path) -> None:
    assert run("report")[::2] == (2, "nothing is recorded yet; glancesync volumes run does the first cycle")
    run("run")
    code, out, _ = run("report")
    assert code == 0
    assert "0 failed, 0 late, 0 skipped, 1 unprotected, 2 good, 0 expired" in out
    page = tmp_path / "report.html"
    assert run("report", "--out", str(page))[0] == 0
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_what_an_operator_decides_is_refused_for_what_is_not_recorded(cloud: CloudStandIn, run: Run) -> None:
    run("run")
    backup = next(iter(cloud.state.backups))
    assert run("hold", backup)[0] == 0
    assert run("release", backup)[0] == 0
    for verb in ("hold", "release", "retry"):
        assert run(verb, "nothing")[0] == 2
    assert run("purge", "nothing")[2].startswith("nothing: no backups of such a project are recorded")


def test_a_purge_removes_the_backups_of_a_project_and_nobody_elses(
    cloud: CloudStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fiwareglancesync.volumes.backup_purge_run.POLL_SECONDS", 0.01)
    run("run")
    (foreign,) = cloud.add_backups(next(iter(cloud.state.volumes)), user=cloud.alice)
    code, _, error = run("purge", "Default/tenant")
    assert code == 0, error
    assert [backup.id for backup in cloud.state.backups.values() if backup.status != "deleting"] == [foreign]


def test_a_lost_database_is_rebuilt_from_cinder(run: Run, tmp_path: Path) -> None:
    run("run")
    (tmp_path / "data" / "glancesync-volumes.db").unlink()
    code, _, error = run("rebuild")
    assert (code, error) == (0, "INFO:2 records are made, 0 were there\n")
    assert run("rebuild")[2] == "INFO:0 records are made, 2 were there\n"
    assert [row["action"] for row in rows(run("plan", "--format", "csv")[1])] == ["wait", "wait"]


def test_a_number_of_removals_that_is_none_is_refused(run: Run) -> None:
    assert run("run", "--allow-deletions", "many", "Default/tenant")[::2] == (
        2,
        "--allow-deletions many: expected a number of backups, then the project",
    )
    assert run("run", "--allow-deletions", "60", "Default/nobody")[0] == 2


def test_an_account_that_is_no_administrator_is_refused(cloud: CloudStandIn, run: Run) -> None:
    cloud.demote()
    code, _, error = run("run")
    assert code == 1
    assert error.endswith("the account needs the role admin, by an inherited assignment on every domain")


def test_a_conductor_does_cycles_until_a_signal_and_says_what_goes_on(
    cloud: CloudStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(conductor: Conductor, moment: datetime) -> None:
        raise Cancelled(signal.SIGTERM)

    monkeypatch.setattr(Conductor, "_wait_until", stop)
    with pytest.raises(Cancelled) as stopped:
        main(("conductor",), "glancesync volumes")
    assert stopped.value.left == "what Cinder has begun goes on, and the next cycle records it"
    assert {backup.status for backup in cloud.state.backups.values()} == {"available"}
    assert run("plan", "--format", "csv")[1].count("it is not due yet") == 2
