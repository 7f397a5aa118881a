"""``glancesync remote``: server and account, wherever the command line names them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.support.scripted_server import Answer, ScriptedServer

from .conftest import PASSWORD, Call, task_document

TASK = "/regions/Burgos/tasks/t-1"


@pytest.fixture
def cloud(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an entry of ``clouds.yaml`` with an account."""
    auth = {"auth_url": f"{server.url}/v3", "username": "carla", "password": PASSWORD, "project_name": "images"}
    file = tmp_path / "clouds.yaml"
    file.write_text(json.dumps({"clouds": {"mine": {"auth": auth}}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    return "mine"


@pytest.mark.parametrize("before", [True, False])
def test_they_may_stand_before_the_command_and_after_it(
    server: ScriptedServer, remote: Call, cloud: str, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    monkeypatch.delenv("GLANCESYNC_SERVER")
    server.on("GET", "/regions", Answer(200, {"regions": []}))
    words = ["--server", server.url, "--os-cloud", cloud]
    code, _, err = remote(*words, "regions") if before else remote("regions", *words)
    assert (code, err) == (0, [])
    assert server.of("GET", "/regions")[0].headers["x-auth-token"] == "token-1"


def test_the_advice_how_to_go_on_names_them(server: ScriptedServer, remote: Call, cloud: str) -> None:
    def stop(_: str) -> Answer:
        os.kill(os.getpid(), signal.SIGINT)
        return Answer(200, task_document("syncing"))

    server.decide("GET", TASK, stop)
    code, _, err = remote("--server", server.url, "--os-cloud", cloud, "watch", "Burgos", "t-1")
    place = f"--server {server.url} --os-cloud {cloud} Burgos t-1"
    assert (code, err) == (
        130,
        [
            f"WARNING:Burgos: Task t-1 goes on; to follow it: glancesync remote watch {place};"
            f" to end it: glancesync remote cancel {place}"
        ],
    )
