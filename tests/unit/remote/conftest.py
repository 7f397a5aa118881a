"""A scripted GlanceSync server that is a Keystone too, and the command that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fiwareglancesync.main import main
from fiwareglancesync.remote import following
from tests.support.scripted_server import Answer, ScriptedServer, token_answer

GREETING = {"id": "v1.0", "owner": "GlanceSync", "status": "SUPPORTED", "runningfrom": "2026-11-21T12:00:00.000+00:00"}
TOKENS = "POST /v3/auth/tokens"
PASSWORD = "s3cret-Pa55"


def refused(code: int, description: str) -> Answer:
    """A refusal in the form of the contract."""
    return Answer(code, {"error": {"code": code, "message": "No", "description": description}})


def task_document(status: str = "synced", **more: Any) -> dict[str, Any]:
    """A task of Burgos, with all that it did: nothing."""
    numbers = ("imagesTotal", "imagesDone", "imagesFailed", "undecided", "bytesTotal", "bytesDone")
    return {
        "taskId": "t-1",
        "status": status,
        "region": "Burgos",
        "dryRun": False,
        "created": "2026-11-21T12:00:00.123+00:00",
        **dict.fromkeys(("started", "finished", "reason")),
        **dict.fromkeys(numbers, 0),
        "images": [],
        "errors": [],
        "warnings": [],
        "aNewField": [1],
        **more,
    }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server that greets, asked without pauses."""
    monkeypatch.setattr(following, "FIRST_POLL_SECONDS", 0.0)
    made = ScriptedServer()
    made.on("GET", "/", Answer(200, GREETING))
    made.on("POST", "/v3/auth/tokens", token_answer({}), token_answer({}, token="token-2"))
    with made.running():
        yield made
    assert made.unexpected == []


@pytest.fixture
def account(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account in the environment."""
    names = {"AUTH_URL": f"{server.url}/v3", "USERNAME": "carla", "PASSWORD": PASSWORD, "PROJECT_NAME": "images"}
    for name, value in names.items():
        monkeypatch.setenv(f"OS_{name}", value)


Call = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def remote(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command: exit code, and the lines of both outputs."""
    monkeypatch.setenv("GLANCESYNC_SERVER", server.url)
    monkeypatch.setattr("sys.argv", ["glancesync"])

    def call(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(["remote", *words])
        out, err = capsys.readouterr()
        assert PASSWORD not in out + err
        return code, out.splitlines(), err.splitlines()

    return call
