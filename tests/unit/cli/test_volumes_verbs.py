"""The verbs of ``glancesync volumes`` on a cloud of stand-ins (volumes 1)."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, update

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.database_clock import NOW
from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.cli.volumes_command import main
from fiwareglancesync.cli.volumes_opening import NOTHING_RECORDED
from fiwareglancesync.volumes.execution.conductor import Conductor
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_tables import regions
from tests.support.stand_ins.cloud_stand_in import REGION, CloudStandIn
from tests.support.volume_verbs import Run, call, marked_cloud


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudStandIn]:
    """A cloud with a marked server of two volumes, and the account in the environment."""
    with marked_cloud(monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture
def run(cloud: CloudStandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls a verb; returns the exit code and what was printed."""
    return call(capsys)


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


def test_the_id_of_another_account_is_refused_before_anything_is_requested(cloud: CloudStandIn, run: Run) -> None:
    code, _, text = run("run", "--config", "volumes.account_id=another")
    assert code == 2
    assert text.startswith("[volumes] account_id: found 'another', but the account that makes the backups has the id ")
    assert not cloud.state.backups


def test_a_plan_warns_of_a_server_by_its_name(cloud: CloudStandIn, run: Run) -> None:
    server = cloud.add_server("db", cloud.add_volume(), **{"backup": "true", "backup-retention": "1h"})
    assert f"WARNING:Default/tenant: server db ({server}): backup-retention is '1h'" in run("plan")[2]


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
    assert out.startswith(f"VOLUMES WARNING - {NOTHING_RECORDED}; 2 volumes: 2 never | ok=0 late=0 never=2 ")
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


def test_what_only_shows_something_makes_no_database(run: Run, tmp_path: Path) -> None:
    code, _, error = run("status")
    assert (code, error) == (0, f"WARNING:{NOTHING_RECORDED}\n")
    run("check")
    for words in (["report"], ["hold", "x"], ["release", "x"], ["retry", "x"], ["purge", "x"]):
        assert run(*words)[::2] == (2, NOTHING_RECORDED)
    assert run("drill")[::2] == (1, NOTHING_RECORDED)
    assert not (tmp_path / "data").exists()


def test_a_report_says_what_a_digest_says(run: Run, tmp_path: Path) -> None:
    run("run")
    code, out, _ = run("report")
    assert code == 0
    assert "0 failed, 0 late, 0 skipped, 1 unprotected, 2 good, 0 expired" in out
    today = datetime.now(timezone.utc).date()
    assert f"{today} 00:00 to " in run("report", "--since", str(today))[1]
    assert run("report", "--since", "2999-01-01")[::2] == (2, "--since 2999-01-01: expected a time that has passed")
    page = tmp_path / "report.html"
    assert run("report", "--out", str(page)) == (0, "", f"INFO:{page} is written\n")
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_what_an_operator_decides_is_refused_for_what_is_not_recorded(cloud: CloudStandIn, run: Run) -> None:
    run("run")
    backup = next(iter(cloud.state.backups))
    assert run("hold", backup)[0] == 0
    assert run("release", backup)[0] == 0
    for verb in ("hold", "release", "retry"):
        reason = "no such backup is recorded; name it by the id that openstack volume backup list shows"
        assert run(verb, "nothing")[::2] == (2, f"nothing: {reason}")
    assert run("release", backup)[0] == 0
    assert run("retry", backup)[::2] == (2, f"{backup}: Cinder has refused no removal of it")
    assert run("purge", "nothing")[2].startswith("nothing: no backups of such a project are recorded")


def test_a_purge_removes_the_backups_of_a_project_and_nobody_elses(
    cloud: CloudStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fiwareglancesync.volumes.backup_purge_run.POLL_SECONDS", 0.01)
    run("run")
    (foreign,) = cloud.add_backups(next(iter(cloud.state.volumes)), user=cloud.alice)
    code, _, error = run("purge", "Default/tenant")
    assert code == 0, error
    assert error.endswith("INFO:backups removed: 2, kept: 0, not gone yet: 0\n")
    assert run("purge", "Default/tenant")[2].endswith("INFO:backups removed: 0, kept: 0, not gone yet: 0\n")
    assert [backup.id for backup in cloud.state.backups.values() if backup.status != "deleting"] == [foreign]


def test_a_purge_at_a_terminal_asks_first_how_many_backups_are_to_go(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fiwareglancesync.volumes.backup_purge_run.POLL_SECONDS", 0.01)
    run("run")
    for count in (2, 0):
        terminal = io.StringIO("n\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert run("purge", "Default/tenant")[::2] == (2, "nothing is removed: it was not confirmed")
        question = f"Remove all {count} backups of project Default/tenant for good? [y/N] "
        assert capsys.readouterr().err == question
        assert run("purge", "Default/tenant", "--yes")[0] == 0


def test_a_purge_beside_a_conductor_is_refused_and_removes_nothing(
    cloud: CloudStandIn, run: Run, tmp_path: Path
) -> None:
    run("run")
    engine = open_engine(f"sqlite:///{tmp_path}/data/glancesync-volumes.db")
    with ProjectLeases(engine, REGION, "a conductor") as leases:
        assert leases.take(cloud.tenant) is not None
        reason = "stop the conductors, and start them again after the purge"
        refusal = f"a conductor has project Default/tenant; {reason}"
        assert run("purge", "Default/tenant") == (1, "", refusal)
    assert {backup.status for backup in cloud.state.backups.values()} == {"available"}


def test_a_lost_database_is_rebuilt_from_cinder(run: Run, tmp_path: Path) -> None:
    run("run")
    (tmp_path / "data" / "glancesync-volumes.db").unlink()
    code, _, error = run("rebuild")
    assert (code, error) == (0, "INFO:Records made: 2; already there: 0\n")
    assert run("rebuild")[2] == "INFO:Records made: 0; already there: 2\n"
    assert [row["action"] for row in rows(run("plan", "--format", "csv")[1])] == ["wait", "wait"]


def test_a_digest_that_is_due_is_made_although_cinder_is_away(cloud: CloudStandIn, run: Run, tmp_path: Path) -> None:
    run("run")
    engine = open_engine(f"sqlite:///{tmp_path}/data/glancesync-volumes.db")
    with engine.begin() as connection:
        connection.execute(update(regions).values(reported_until=NOW - 90_000.0))
    cloud.fail("/os-services", 404, times=99)
    assert run("run")[0] == 1
    with engine.connect() as connection:
        assert connection.execute(select(regions.c.reported_until > NOW - 10_000.0)).scalar()


def test_a_report_since_a_time_that_has_not_come_is_refused(run: Run) -> None:
    run("run")
    assert run("report", "--since", "9999-01-01")[::2] == (
        2,
        "--since 9999-01-01: expected a time that has passed",
    )


def test_a_purge_with_another_account_is_refused(
    cloud: CloudStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("run")
    monkeypatch.setenv("OS_USERNAME", "admin")
    monkeypatch.setenv("OS_PROJECT_NAME", "admin")
    code, _, error = run("purge", "Default/tenant")
    assert code == 1
    assert error.startswith(f"the database holds the backups that user {cloud.account} made in region Spain")


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
