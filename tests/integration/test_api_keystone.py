"""The server behind a real Keystone, with real tokens and real bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.jobs.tables import tasks
from fiwareglancesync.main import main
from tests.support.catalog import listed
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.development_cloud import DevelopmentCloud
from tests.support.forwarder import forwarded
from tests.support.free_ports import free_port
from tests.support.observed_federations import Given, ObservedCloud
from tests.support.server import ROOT, database_in, embedded_environment, gunicorn

pytestmark = pytest.mark.integration
IMAGES = [Given(f"image-{number:02}", f"image-{number:02}", f"content {number:02}") for number in range(18)]
SLOW = 8192
"""Bytes a second into a region: an image takes two seconds, which no server takes for a broken connection, and all of
them so many that whoever interrupts them comes in time."""


@pytest.fixture(scope="module")
def cloud(root: Path) -> DevelopmentCloud:
    """The development cloud."""
    return DevelopmentCloud(running_cloud(root).parent)


@pytest.fixture(scope="module")
def filled(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Images in the master, which no test changes; emptied again afterwards."""
    made = ObservedCloud(running_cloud(root), tmp_path_factory.mktemp("master"))
    made.fill("Spain", IMAGES)
    yield
    made.fill("Spain", [])


@pytest.fixture
def federation(filled: None, root: Path, tmp_path: Path) -> Iterator[ObservedCloud]:
    """The cloud, and Burgos empty; emptied again afterwards."""
    made = ObservedCloud(running_cloud(root), tmp_path)
    made.fill("Burgos", [])
    yield made
    made.fill("Burgos", [])


def token(cloud: DevelopmentCloud, account: str) -> str:
    """A new token of an account."""
    known = cloud.keystone()["accounts"][account]
    user = {"name": known["user"], "domain": {"name": "Default"}, "password": known["password"]}
    project = {"name": known["project"], "domain": {"name": "Default"}}
    wanted = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": project},
    }
    answer = requests.post(f"{cloud.keystone()['url']}/auth/tokens", json={"auth": wanted}, timeout=180)
    assert answer.status_code == 201
    return answer.headers["X-Subject-Token"]


@pytest.fixture
def environ(cloud: DevelopmentCloud, federation: ObservedCloud, tmp_path: Path) -> dict[str, str]:
    """An environment with the server's account."""
    known = cloud.keystone()["accounts"]["glancesync"]
    (tmp_path / "run").mkdir(mode=0o700)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "database"),
        "KEYSTONE_URL": cloud.keystone()["url"],
        "ADM_USER": known["user"],
        "ADM_PASS": known["password"],
        "ADM_TENANT_NAME": known["project"],
        **federation.environment(),
    }


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A server with two workers."""
    with gunicorn(environ, tmp_path, free_port()) as address:
        yield address


@pytest.fixture
def worker(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A server with one worker, which has seen whatever was asked."""
    with gunicorn(environ, tmp_path, free_port(), workers=1) as address:
        yield address


@pytest.fixture
def slow(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A server whose tasks take long."""
    limit(environ, SLOW)
    with gunicorn(environ, tmp_path, free_port()) as address:
        yield address


def limit(environ: dict[str, str], rate: int) -> None:
    """Set the bytes per second into a region for tasks that begin from now on, 0 for no limit."""
    path = Path(environ["GLANCESYNC_CONFIG"])
    text, _, _ = path.read_text().partition("[DEFAULT]")
    path.write_text(f"{text}[DEFAULT]\nregion_bandwidth = {rate}\n")


class Caller:
    """Somebody with a token."""

    def __init__(self, address: str, shown: str) -> None:
        self._address = address
        self._headers = {"X-Auth-Token": shown}

    def __call__(self, path: str, method: str = "GET", code: int = 200, **body: Any) -> Any:
        """Ask for something, and see that the answer has the code."""
        answer = requests.request(method, self._address + path, headers=self._headers, json=body or None, timeout=180)
        assert answer.status_code == code, answer.text
        return answer.json() if answer.content else None


def test_who_may_ask(server: str, cloud: DevelopmentCloud) -> None:
    assert requests.get(f"{server}/regions", timeout=180).json()["error"]["title"] == "Unauthorized"
    for shown in ("garbage", token(cloud, "member")):
        error = Caller(server, shown)("/regions", code=401)["error"]
        assert (error["code"], error["title"]) == (401, "Unauthorized")
        assert shown not in str(error)
    Caller(server, token(cloud, "glancesync"))("/regions")
    for path in ("/", "/health", "/openapi.json"):
        Caller(server, "garbage")(path)
    Caller(server, "garbage")("/nothing", code=401)


def test_a_dead_keystone_is_reported_from_a_bad_token(worker: str, cloud: DevelopmentCloud) -> None:
    known, unknown = token(cloud, "glancesync"), token(cloud, "glancesync")
    caller = Caller(worker, known)
    caller("/regions")
    with cloud.stopped("keystone-a"):
        for _ in range(4):
            caller("/regions")
        assert Caller(worker, unknown)("/regions", code=503)["error"]["code"] == 503
        assert Caller(worker, "garbage")("/regions", code=503)["error"]["code"] == 503
        assert requests.get(f"{worker}/health", timeout=180).json()["checks"]["keystone"] == "failed"
    Caller(worker, "garbage")("/regions", code=401)


def ended(caller: Caller, path: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = caller(path)
        return found if found["status"] != "syncing" else None

    found: dict[str, Any] = wait_for(look, f"the end of {path}")
    return found


def test_a_task_moves_the_bytes(server: str, cloud: DevelopmentCloud, federation: ObservedCloud) -> None:
    caller = Caller(server, token(cloud, "glancesync"))
    task = caller("/regions/Burgos", "POST")["taskId"]
    found = ended(caller, f"/regions/Burgos/tasks/{task}")
    assert (found["status"], found["imagesDone"]) == ("synced", len(IMAGES))
    content = {image.name: hashlib.md5(hashlib.sha256(image.content.encode()).digest() * 512) for image in IMAGES}
    assert {image.name: image.digest for image in federation.seen("Burgos")} == {
        name: digest.hexdigest() for name, digest in content.items()
    }


def test_a_decision_settles_one_conflict(server: str, cloud: DevelopmentCloud, federation: ObservedCloud) -> None:
    caller = Caller(server, token(cloud, "glancesync"))
    name = IMAGES[0].name
    federation.fill("Burgos", [Given(name, name, "something else"), Given(IMAGES[1].name, IMAGES[1].name, "else too")])
    before = {image.name: image.digest for image in federation.seen("Burgos")}

    def done(checksum: str, action: str) -> dict[str, Any]:
        decisions = {name: {"checksum": checksum, "action": action}}
        task = caller("/regions/Burgos", "POST", decisions=decisions, images=[name])["taskId"]
        return ended(caller, f"/regions/Burgos/tasks/{task}")

    found = done("0" * 32, "replace")
    assert (found["status"], found["undecided"], found["imagesDone"]) == ("synced", 1, 0)
    assert any(f"it is about checksum {'0' * 32}, the image has {before[name]}." in text for text in found["warnings"])
    found = done(str(before[name]).upper(), "rename")
    assert (found["status"], found["undecided"], found["imagesDone"]) == ("synced", 0, 1)
    after = {image.name: image.digest for image in federation.seen("Burgos")}
    assert after[f"{name}.old"] == before[name]
    assert after[name] != before[name]
    assert after[IMAGES[1].name] == before[IMAGES[1].name]


def test_a_rehearsal_shares_no_task_with_production(
    environ: dict[str, str], cloud: DevelopmentCloud, tmp_path: Path
) -> None:
    (tmp_path / "rehearsal").mkdir()
    rehearsal = embedded_environment(tmp_path / "rehearsal")
    rehearsal["GLANCESYNCAPP_DATABASE_PATH"] = environ["GLANCESYNCAPP_DATABASE_PATH"]
    with gunicorn(rehearsal, tmp_path / "rehearsal", free_port()) as address:
        rehearsed = requests.post(f"{address}/regions/Burgos", timeout=180).json()["taskId"]
        with gunicorn(environ, tmp_path, free_port()) as production:
            caller = Caller(production, token(cloud, "glancesync"))
            assert caller("/regions/Burgos/tasks") == {"tasks": []}
            assert 'glancesync_tasks{status="synced"}' not in requests.get(f"{production}/metrics", timeout=180).text
            asked = caller("/regions/Burgos", "POST", dryRun=True)["taskId"]
            listed = requests.get(f"{address}/regions/Burgos/tasks", timeout=180).json()["tasks"]
            assert [task["taskId"] for task in listed] == [rehearsed]
            assert [task["taskId"] for task in caller("/regions/Burgos/tasks")["tasks"]] == [asked]


def test_a_foreign_page_is_refused_whatever_token_it_has(server: str, cloud: DevelopmentCloud) -> None:
    headers = {"X-Auth-Token": token(cloud, "glancesync"), "Origin": "http://evil.example"}
    assert requests.post(f"{server}/regions/Burgos", headers=headers, timeout=180).status_code == 403
    assert requests.delete(f"{server}/regions/Burgos/tasks/x", headers=headers, timeout=180).status_code == 403
    assert requests.get(f"{server}/regions", headers=headers, timeout=180).status_code == 200


def begun(caller: Caller) -> str:
    """The path of a task that moves bytes just now."""
    path = f"/regions/Burgos/tasks/{caller('/regions/Burgos', 'POST')['taskId']}"

    def moves() -> bool:
        task = caller(path)
        assert task["status"] == "syncing", task
        return bool(task["images"])

    wait_for(moves, "the first image")
    return path


def test_a_cancelled_task_leaves_nothing_half_made(
    slow: str, cloud: DevelopmentCloud, federation: ObservedCloud
) -> None:
    caller = Caller(slow, token(cloud, "glancesync"))
    path = begun(caller)
    caller(f"{path}/cancel", "POST")
    found = ended(caller, path)
    assert (found["status"], found["reason"]) == ("failed", "cancelled")
    assert found["imagesDone"] < len(IMAGES)
    # A busy Glance may still be removing what the task has begun.
    wait_for(lambda: {image.status for image in federation.seen("Burgos")} <= {"active"}, "no image that is half made")


def test_a_killed_task_is_reported_and_made_up_for(
    slow: str, cloud: DevelopmentCloud, federation: ObservedCloud, environ: dict[str, str], tmp_path: Path
) -> None:
    caller = Caller(slow, token(cloud, "glancesync"))
    path = begun(caller)
    engine = open_engine(database_in(tmp_path))
    with engine.connect() as connection:
        worker = connection.execute(tasks.select()).one().worker
    os.kill(int(worker.split()[-1]), signal.SIGKILL)
    found = ended(caller, path)
    assert found["status"] == "failed"
    assert "SIGKILL" in found["reason"]
    limit(environ, 0)
    again = f"/regions/Burgos/tasks/{caller('/regions/Burgos', 'POST')['taskId']}"
    found = ended(caller, again)
    assert (found["status"], found["reason"], found["errors"]) == ("synced", None, [])
    assert {image.status for image in federation.seen("Burgos")} == {"active"}
    assert len(federation.seen("Burgos")) == len(IMAGES)


def test_server_and_command_know_a_region_under_its_other_name_and_address(
    environ: dict[str, str], cloud: DevelopmentCloud, federation: ObservedCloud, tmp_path: Path
) -> None:
    account = cloud.keystone()["accounts"]["glancesync"]
    with Path(environ["GLANCESYNC_CONFIG"]).open("a") as file:
        file.write(
            f"[inside]\nuser = {account['user']}\npassword = {account['password']}\ntenant = {account['project']}\n"
            f"keystone_url = {cloud.keystone()['url']}\ninterface = internal\n"
        )
    limit(environ, SLOW)
    with (
        forwarded(cloud.described["regions"]["Burgos"]["port"]) as address,
        listed(cloud, "Burgos", "internal", address),
        gunicorn(environ, tmp_path, free_port()) as server,
    ):
        ask = Caller(server, token(cloud, "glancesync"))
        path = begun(ask)
        refused = ask("/regions/inside:Burgos", "POST", 409)
        assert path.endswith(refused["taskId"])
        assert "under its other name Burgos" in refused["error"]["description"]
        command = [sys.executable, str(ROOT / "fiwareglancesync" / "sync.py"), "inside:Burgos"]
        run = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        status = ask(path)["status"]
        ask(f"{path}/cancel", "POST")
        assert (run.returncode, status) == (1, "syncing")
        assert "ERROR:inside:Burgos: another run holds the region: process " in run.stderr


def test_the_client_signs_in_by_itself(
    server: str,
    cloud: DevelopmentCloud,
    federation: ObservedCloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def remote(*words: str) -> tuple[int, str]:
        code = main(["remote", *words, "--server", server])
        out, err = capsys.readouterr()
        return code, out + err

    code, reported = remote("regions")
    assert (code, reported.count("\n"), "name an account with OS_AUTH_URL" in reported) == (1, 1, True)
    for name, value in federation.environment().items():
        monkeypatch.setenv(name, value)
    code, reported = remote("sync", "Burgos", "--wait")
    assert (code, reported.splitlines()[-1].endswith(" is synced")) == (0, True)
    assert len(federation.seen("Burgos")) == len(IMAGES)
    assert remote("status", "Burgos") == (0, "".join(f"ok,Burgos,{image.name}\r\n" for image in IMAGES))
    member = cloud.credential("member")
    for name, value in {"OS_USERNAME": member.username, "OS_PASSWORD": member.password}.items():
        monkeypatch.setenv(name, value)
    code, reported = remote("status", "Burgos")
    assert (code, reported.count("\n"), "lacks the role" in reported) == (1, 1, True)
    monkeypatch.setenv("OS_PASSWORD", "wrong")
    code, reported = remote("status", "Burgos")
    assert (code, reported.count("\n"), "refused the credential of user" in reported) == (1, 1, True)
    assert "wrong" not in reported
