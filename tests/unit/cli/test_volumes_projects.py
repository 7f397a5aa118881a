"""What is printed of projects in which not everything can be done, and of a cloud that refuses for now (volumes 1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stand_ins.cloud_stand_in import CloudStandIn
from tests.support.stand_ins.cloud_state import StoredServer
from tests.support.volume_verbs import Run, call, marked_cloud

DISABLED, GONE = "the project is disabled", "the project does not exist any more"
NOTHING = "nothing is backed up or removed there; backups that stay: 2"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudStandIn]:
    """A cloud with a marked server of two volumes, and the account in the environment."""
    with marked_cloud(monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture
def run(cloud: CloudStandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls a verb."""
    return call(capsys)


def levels(printed: str) -> list[str]:
    """The lines of a run that are no information."""
    return [line for line in printed.splitlines() if not line.startswith("INFO:")]


def reasons(run: Run) -> list[tuple[str, str, str, str]]:
    """What the status says of each volume: project, volume, verdict, reason."""
    rows = csv.DictReader(io.StringIO(run("status", "--format", "csv")[1]))
    return [(row["project"], row["volume"], row["verdict"], row["why"]) for row in rows if row["volume"]]


def marked(cloud: CloudStandIn) -> list[StoredServer]:
    """The servers with the mark."""
    return [server for server in cloud.state.servers.values() if "backup" in server.metadata]


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        ("backups", "Maximum number of backups allowed (1) exceeded (HTTP 413)"),
        (
            "backup_gigabytes",
            "Requested backup exceeds allowed Backup gigabytes quota. Requested 1G, quota is 1G and 1G has been "
            "consumed. (HTTP 413)",
        ),
    ],
)
def test_a_quota_that_is_reached(cloud: CloudStandIn, run: Run, resource: str, text: str) -> None:
    cloud.add_server("late", cloud.add_volume("logs"), backup="true")
    cloud.state.quotas[cloud.tenant][resource] = 1
    code, _, error = run("run")
    assert code == 1
    failed, waiting = levels(error)
    assert failed.startswith("ERROR:Default/tenant: ")
    assert failed.endswith(f": no backup. Cause: {text}")
    assert waiting == "WARNING:Default/tenant: volumes that are due too and wait for the next cycle: 1"
    assert [row[2:] for row in reasons(run)] == [("failing", text), ("never", ""), ("ok", "")]
    report = run("report")[1]
    assert f"\n    {text}\n" in report
    assert "1 of 1 " in report
    assert "100 % (high)" in report
    # One attempt a cycle, of the volume that has waited the longest; with room it succeeds.
    cloud.state.quotas[cloud.tenant][resource] = 3
    assert run("run")[0] == 0
    assert sorted(row[2] for row in reasons(run)) == ["failing", "ok", "ok"]


def test_a_project_that_is_disabled_between_two_cycles(cloud: CloudStandIn, run: Run) -> None:
    run("run")
    cloud.state.projects[cloud.tenant].enabled = False
    code, _, error = run("run")
    assert (code, levels(error)) == (0, [f"WARNING:Default/tenant: {DISABLED}: {NOTHING}"])
    assert reasons(run) == [("Default/tenant", name, "ok", DISABLED) for name in ("data", "root")]
    assert f"* data (server web)\n    {DISABLED}\n" in run("report")[1]
    cloud.state.projects[cloud.tenant].enabled = True
    volumes = [word for server in cloud.state.servers for word in ("--now", server)][:2]
    code, _, error = run("run", *volumes)
    assert (code, levels(error)) == (0, [])
    assert [row[2:] for row in reasons(run)] == [("ok", "")] * 2


def test_a_project_that_is_deleted_between_two_cycles_keeps_its_name(cloud: CloudStandIn, run: Run) -> None:
    run("run")
    backups = len(cloud.state.backups)
    del cloud.state.projects[cloud.tenant]
    code, _, error = run("run")
    assert (code, levels(error)) == (0, [f"WARNING:Default/tenant: {GONE}: {NOTHING}"])
    assert reasons(run) == [("Default/tenant", name, "ok", GONE) for name in ("data", "root")]
    plan = list(csv.DictReader(io.StringIO(run("plan", "--format", "csv")[1])))
    assert [(row["project"], row["action"], row["why"]) for row in plan] == [("Default/tenant", "skip", GONE)] * 2
    assert f"* data (server web)\n    {GONE}\n" in run("report")[1]
    assert len(cloud.state.backups) == backups


def test_listings_that_are_refused_for_a_while_are_requested_again(cloud: CloudStandIn, run: Run) -> None:
    for listing in ("servers", "volumes", "backups"):
        cloud.fail(f"/{listing}/detail", 503, times=2, headers={"Retry-After": "1"})
    code, _, error = run("run")
    waits = [f"WARNING:Spain: {service}: HTTP 503; waiting 1s, as it asks" for service in ("Cinder", "Nova")]
    assert (code, sorted(levels(error))) == (0, [waits[0]] * 4 + [waits[1]] * 2)
    assert [row[2:] for row in reasons(run)] == [("ok", "")] * 2


@pytest.mark.parametrize("when", ["/backups/detail", r"GET \S*/backups/[0-9a-f-]{36}", "export_record"])
def test_a_token_that_expires_in_mid_cycle_is_replaced(cloud: CloudStandIn, run: Run, when: str) -> None:
    run("run")
    cloud.fail(when, 401, action=cloud.state.tokens.clear)
    volumes = [word for server in cloud.state.servers for word in ("--now", server)][:2]
    code, _, error = run("run", *volumes)
    assert code == 0, error
    # The metadata of the server are changed with the token of its project, once: the next cycle does it.
    assert all("it does not get last-backup-time: " in line for line in levels(error))
    assert [row[2:] for row in reasons(run)] == [("ok", "")] * 2
    code, _, error = run("run")
    assert (code, levels(error)) == (0, [])
    assert all(server.metadata.get("last-backup-time") for server in marked(cloud))


def test_a_token_that_expires_just_before_a_request_costs_the_project_one_cycle(
    cloud: CloudStandIn, run: Run
) -> None:
    cloud.fail(r"POST \S*/backups(\?|$)", 401, action=cloud.state.tokens.clear)
    code, _, error = run("run")
    assert code == 1
    refused, waiting = levels(error)
    assert refused.startswith("ERROR:Default/tenant: web/")
    assert ": no backup in this cycle; the next one requests it. Cause: " in refused
    assert waiting == "WARNING:Default/tenant: volumes that are due too and wait for the next cycle: 1"
    code, _, error = run("run")
    assert (code, levels(error)) == (0, [])
    assert [row[2:] for row in reasons(run)] == [("ok", "")] * 2
