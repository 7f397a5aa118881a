"""Asking a server: whom the token is shown, what is tried again, how refusals are text."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import CloudError, Unauthorized, Unreachable
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.remote.client import Client
from fiwareglancesync.remote.server_answers import RegionRefused
from tests.support.scripted_server import Answer, HangUp, ScriptedServer, Silence, token_answer

from .conftest import GREETING, PASSWORD, TOKENS, refused, task_document

HASTY = Tuning(connect=60.0, control=60.0, attempts=3, first_wait=0.001, retry_limit=60.0)
TASK = "/regions/Burgos/tasks/t-1"
NO_REGIONS = Answer(200, {"regions": []})
BUSY = refused(503, "Keystone does not answer")


def client(server: ScriptedServer, *, account: bool = False, once: Tuning = HASTY) -> Client:
    """A client that is not patient, with or without an account."""
    credential = Credential()
    if account:
        credential = Credential(auth_url=f"{server.url}/v3", username="carla", password=PASSWORD, project_name="images")
    return Client(server.url, credential, once=once, following=replace(HASTY, attempts=6))


def test_without_an_account_no_token_is_sent(server: ScriptedServer) -> None:
    server.on("GET", "/regions", NO_REGIONS)
    assert client(server).regions(refresh=False) == []
    assert server.lines == ["GET /", "GET /regions"]
    assert not any("x-auth-token" in request.headers for request in server.requests)


def test_one_token_serves_all_questions(server: ScriptedServer) -> None:
    server.on("GET", "/regions", NO_REGIONS)
    asking = client(server, account=True)
    asking.regions(refresh=False)
    asking.regions(refresh=True)
    assert server.lines == ["GET /", TOKENS, "GET /regions", "GET /regions"]
    assert [r.headers["x-auth-token"] for r in server.of("GET", "/regions")] == ["token-1"] * 2
    assert server.requests[-1].target == "/regions?refresh=1"


def test_a_token_that_is_refused_is_renewed_once(server: ScriptedServer) -> None:
    server.on("GET", TASK, Answer(200, task_document()), refused(401, "expired"), Answer(200, task_document()))
    asking = client(server, account=True)
    for _ in range(3):
        asking.look("Burgos", "t-1")
    assert [r.headers["x-auth-token"] for r in server.of("GET", TASK)] == ["token-1", "token-1", "token-2", "token-2"]


def test_a_token_that_is_about_to_end_is_renewed_before_it_is_used(
    server: ScriptedServer,
) -> None:
    short = token_answer({}, issued="2020-01-01T00:00:00.000000Z", expires="2020-01-01T01:00:00.000000Z")
    server.on("POST", "/v3/auth/tokens", short, token_answer({}, token="token-2"))
    server.on("GET", TASK, Answer(200, task_document()))
    now = [0.0]
    asking = client(server, account=True, once=replace(HASTY, clock=lambda: now[0]))
    asking.look("Burgos", "t-1")
    asking.look("Burgos", "t-1")
    now[0] += 3540.0
    asking.look("Burgos", "t-1")
    assert [r.headers["x-auth-token"] for r in server.of("GET", TASK)] == ["token-1", "token-1", "token-2"]


def test_whom_the_server_does_not_want_is_reported_why(server: ScriptedServer) -> None:
    server.on("GET", "/regions", refused(401, "The token lacks the role that is needed here: admin."))
    with pytest.raises(Unauthorized) as caught:
        client(server, account=True).regions(refresh=False)
    said = "The token lacks the role that is needed here: admin. (HTTP 401)"
    assert str(caught.value) == f"GlanceSync server at {server.url}: {said}"
    assert len(server.of("GET", "/regions")) == 2


def test_who_has_no_account_is_reported_how_to_name_one(server: ScriptedServer) -> None:
    server.on("GET", "/regions", refused(401, "A token of Keystone is needed, in the header X-Auth-Token."))
    with pytest.raises(Unauthorized, match=r"needed, .* \(HTTP 401\); name an account with OS_AUTH_URL, .* OS_CLOUD$"):
        client(server).regions(refresh=False)


def test_a_path_without_an_api_is_no_refusal_of_a_region(server: ScriptedServer) -> None:
    server.on("GET", "/", refused(404, "There is no such route."))
    with pytest.raises(CloudError) as caught:
        client(server).regions(refresh=False)
    assert not isinstance(caught.value, RegionRefused)
    says = "has no API at this address (HTTP 404); check the path"
    assert str(caught.value) == f"GlanceSync server at {server.url} {says}"


@pytest.mark.parametrize(
    "passing", [BUSY, HangUp(), Answer(502, content=b"<html>Bad gateway</html>"), Answer(429, content=b"slowly")]
)
def test_what_may_pass_is_tried_again(server: ScriptedServer, passing: Answer | HangUp) -> None:
    server.on("GET", "/regions", passing, passing, NO_REGIONS)
    assert client(server).regions(refresh=False) == []
    assert len(server.of("GET", "/regions")) == 3


def test_patience_ends(server: ScriptedServer) -> None:
    server.on("GET", "/regions", BUSY)
    with pytest.raises(CloudError, match=r"^GlanceSync server at .*: Keystone does not answer \(HTTP 503\)$"):
        client(server).regions(refresh=False)
    assert len(server.of("GET", "/regions")) == HASTY.attempts


def test_a_task_is_followed_with_more_patience(server: ScriptedServer) -> None:
    server.on("GET", TASK, *[BUSY] * 5, Answer(200, task_document()))
    assert client(server).look("Burgos", "t-1").status == "synced"


@pytest.mark.parametrize("code", [400, 404, 409, 410, 413, 502, 504])
def test_what_concerns_one_region_is_final_and_reported_in_the_servers_words(server: ScriptedServer, code: int) -> None:
    server.on("POST", "/regions/Burgos", refused(code, "because\n of this"))
    with pytest.raises(RegionRefused) as caught:
        client(server).synchronise("Burgos", {})
    assert str(caught.value) == f"because of this (HTTP {code})"
    assert len(server.of("POST", "/regions/Burgos")) == 1


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (Answer(200, content=b"<html>Hello</html>"), r"does not answer like one \(another document than expected\)"),
        (Answer(200, {"versions": []}), r"does not answer like one \(another document than expected\)"),
        (Answer(404, content=b"nothing here"), r"does not answer like one \(HTTP 404\); check the address$"),
        (Answer(401, {"error": {"code": 401, "message": "no"}}), r"does not answer like one \(HTTP 401\)"),
        (Answer(300, {"versions": {"values": []}}), r"redirects elsewhere \(HTTP 300\); use its final address$"),
        (Answer(200, {**GREETING, "id": "v2.0"}), r"speaks v2.0, and this program v1.0$"),
    ],
)
def test_a_stranger_is_reported_from_a_server_and_never_shown_a_token(
    server: ScriptedServer, greeting: Answer, says: str
) -> None:
    server.on("GET", "/", greeting)
    with pytest.raises(CloudError, match=f"^GlanceSync server at {server.url} {says}"):
        client(server, account=True).regions(refresh=False)
    assert server.lines == ["GET /"]


def test_an_answer_of_another_form_is_reported(server: ScriptedServer) -> None:
    server.on("GET", "/regions", Answer(200, {"regions": [{"name": "Burgos"}]}))
    with pytest.raises(CloudError, match="does not answer like one"):
        client(server).regions(refresh=False)


def test_nobody_at_the_address_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable) as caught:
            Client(address, Credential(), once=HASTY).regions(refresh=False)
    assert str(caught.value) == f"GlanceSync server at {address} does not answer (connection refused)"


def test_silence_is_reported(server: ScriptedServer) -> None:
    server.on("GET", "/regions", Silence())
    with pytest.raises(CloudError, match="did not answer in time"):
        client(server, once=replace(HASTY, control=0.2, attempts=1)).regions(refresh=False)


def test_names_travel_whole(server: ScriptedServer) -> None:
    server.on("GET", "/regions/other%3AM%C3%A1%2Fd", Answer(200, {"images": []}))
    client(server).images("other:Má/d", "a b&c=d")
    assert server.requests[-1].target == "/regions/other%3AM%C3%A1%2Fd?image=a%20b%26c%3Dd"


def test_only_what_is_wanted_is_sent(server: ScriptedServer) -> None:
    server.on("POST", "/regions/Burgos", Answer(200, {"taskId": "t-1", "status": "syncing"}))
    asking = client(server)
    assert asking.synchronise("Burgos", {}).task_id == "t-1"
    asking.synchronise("Burgos", {"dryRun": True})
    plain, stated = server.of("POST", "/regions/Burgos")
    assert plain.body == b""
    assert stated.document == {"dryRun": True}
