"""Requests to a service that is in no catalog: with or without a token, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fiwareglancesync.base.errors import Unauthorized, Unreachable
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.http_client import HttpClient
from fiwareglancesync.openstack.tuning import Tuning
from tests.support.scripted_server import Answer, HangUp, ScriptedServer, token_answer

HASTY = Tuning(connect=60.0, control=60.0, attempts=3, first_wait=0.001, retry_limit=60.0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A service with a Keystone at the same address, which grants two tokens."""
    made = ScriptedServer()
    made.on("POST", "/v3/auth/tokens", token_answer({}), token_answer({}, token="token-2"))
    with made.running():
        yield made


def client(server: ScriptedServer, *, account: bool) -> HttpClient:
    """A client of the service."""
    url = f"{server.url}/v3" if account else ""
    return HttpClient("Things", server.url, Credential(auth_url=url, username="carla", project_name="p"), HASTY)


@pytest.mark.parametrize("status", [200, 404, 503])
def test_an_answer_is_returned_whatever_its_status(server: ScriptedServer, status: int) -> None:
    server.on("GET", "/things", Answer(status, {"name": "é"}, headers={"Retry-After": "7"}))
    answer = client(server, account=False).send("GET", "/things")
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    assert b"name" in answer.body
    assert server.lines == ["GET /things"]


def test_a_document_is_sent_as_json(server: ScriptedServer) -> None:
    server.on("POST", "/things", Answer(200))
    client(server, account=False).send("POST", "/things", {"a": ["é"]}, token="abc")
    (request,) = server.of("POST", "/things")
    assert request.document == {"a": ["é"]}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-auth-token"] == "abc"


def test_silence_names_the_service(server: ScriptedServer) -> None:
    server.on("GET", "/things", HangUp())
    with pytest.raises(Unreachable, match=f"^Things at {server.url} closed the connection without an answer$"):
        client(server, account=False).send("GET", "/things")


def test_without_an_account_there_is_no_token(server: ScriptedServer) -> None:
    asking = client(server, account=False)
    assert not asking.has_account
    assert asking.with_token(lambda token: token) is None
    assert server.lines == []


def test_a_token_that_is_refused_is_renewed_once(server: ScriptedServer) -> None:
    asking = client(server, account=True)
    assert asking.has_account
    tried: list[str | None] = []

    def action(token: str | None) -> None:
        tried.append(token)
        raise Unauthorized("no", status=401)

    with pytest.raises(Unauthorized):
        asking.with_token(action)
    assert tried == ["token-1", "token-2"]


def test_retryable_errors_are_repeated_and_others_are_not(server: ScriptedServer) -> None:
    asking = client(server, account=False)
    tried: list[int] = []

    def action(*, retryable: bool) -> None:
        tried.append(len(tried))
        raise Unreachable("gone", retryable=retryable)

    for retryable, count in ((True, HASTY.attempts), (False, 1)):
        tried.clear()
        with pytest.raises(Unreachable):
            asking.repeat(lambda wanted=retryable: action(retryable=wanted), HASTY)  # type: ignore[misc]
        assert len(tried) == count
