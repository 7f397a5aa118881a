"""Changes that a page of another origin asks for are refused, with and without authentication."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fiwareglancesync.api.api_service import NAME, ApiService
from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.origin import origin_of
from fiwareglancesync.api.server_database import db
from fiwareglancesync.images.sync_request import SyncRequest
from tests.unit.api.conftest import Lazy

BURGOS = "/regions/Burgos"
HOST = "127.0.0.1:8888"
OWN = f"http://{HOST}"
PUBLIC = "https://glancesync.example.org"
KEYSTONE = {"KEYSTONE_URL": "http://127.0.0.1:1/v3", "ADM_USER": "a", "ADM_PASS": "secret", "ADM_TENANT_ID": "1"}
FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "https://127.0.0.1:8888"},
    {"Origin": "http://localhost:8888"},
    {"Origin": f"{OWN}.evil.example"},
    {"Origin": f"http://{HOST}@evil.example"},
    {"Origin": f"{OWN},http://evil.example"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "whatever"},
    {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
]
CHANGES = [("POST", BURGOS), ("POST", f"{BURGOS}/tasks/1/cancel"), ("DELETE", f"{BURGOS}/tasks/1"), ("PUT", "/")]


def forbidden(answer: Any) -> str:
    """What is answered to a request that is refused."""
    assert answer.status_code == 403, answer.data
    assert answer.json["error"]["code"] == 403
    text = str(answer.json["error"]["description"])
    assert text.startswith("A page of another site may not change anything here: ")
    assert "\n" not in text
    return text


def started_by(app: Flask) -> list[str]:
    """The tasks that were started."""
    found: ApiService = app.extensions[NAME]
    return found.executor.started  # type: ignore[attr-defined]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_foreign_page_changes_nothing(client: FlaskClient, app: Flask, method: str, path: str) -> None:
    for headers in FOREIGN:
        forbidden(client.open(path, method=method, headers={"Host": HOST} | headers))
    assert started_by(app) == []


def test_what_a_form_of_a_foreign_page_sends_starts_nothing(client: FlaskClient, app: Flask) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Host": HOST, "Origin": "http://evil.example", "Content-Type": kind}
        forbidden(client.post(BURGOS, data='{"config": {"replace": "any"}}', headers=headers))
    assert started_by(app) == []


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        (HOST, {}),
        (HOST, {"Origin": OWN}),
        (HOST, {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}),
        (HOST, {"Sec-Fetch-Site": "none"}),
        ("LOCALHOST:8888", {"Origin": "http://localhost:8888"}),
        ("127.0.0.1", {"Origin": "http://127.0.0.1:80"}),
        ("[::1]:8888", {"Origin": "http://[::1]:8888"}),
    ],
)
def test_the_servers_own_pages_and_other_clients_change_things(
    client: FlaskClient, app: Flask, host: str, headers: dict[str, str]
) -> None:
    assert client.post(BURGOS, headers={"Host": host} | headers).status_code == 200
    assert len(started_by(app)) == 1


def test_a_foreign_page_may_look(client: FlaskClient) -> None:
    for headers in FOREIGN:
        assert client.get("/", headers={"Host": HOST} | headers).status_code == 200


def test_what_is_expected_is_reported(client: FlaskClient) -> None:
    reported = forbidden(client.post(BURGOS, headers={"Host": HOST, "Origin": "http://evil.example\x1b"}))
    advice = "if that is this server's own address, set PUBLIC_URL to it."
    assert reported.endswith(f"Origin is http://evil.example\\x1b, expected {OWN}; {advice}")


def test_a_foreign_page_is_refused_before_its_token_is_validated(environ: dict[str, str]) -> None:
    made = create_app(environ | KEYSTONE, background=False)
    client = made.test_client()
    for method, path in CHANGES:
        forbidden(client.open(path, method=method, headers={"Host": HOST, "Origin": "http://evil.example"}))
        answer = client.open(path, method=method, headers={"Host": HOST, "Origin": OWN})
        assert answer.status_code == (405 if path == "/" else 401)
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def behind_a_proxy(environ: dict[str, str], tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a server whose users know it by another address."""
    file = tmp_path / "server.cfg"
    file.write_text(f"[settings]\npublic_url = {PUBLIC}/\n")
    made = create_app(environ | {"GLANCESYNC_SETTINGS_FILE": str(file)}, background=False)
    made.extensions[NAME] = dataclasses.replace(made.extensions[NAME], executor=Lazy())
    yield made.test_client()
    with made.app_context():
        db.engine.dispose()


def test_the_public_address_is_the_one_that_is_expected(behind_a_proxy: FlaskClient) -> None:
    reported = forbidden(behind_a_proxy.post(BURGOS, headers={"Host": HOST, "Origin": OWN}))
    assert reported.endswith(f"Origin is {OWN}, expected {PUBLIC}.")
    for origin in (PUBLIC, f"{PUBLIC}:443"):
        assert behind_a_proxy.post(BURGOS, headers={"Host": HOST, "Origin": origin}).status_code == 200
    answer = behind_a_proxy.get("/", headers={"Host": HOST}).json
    assert answer is not None
    assert answer["href"] == f"{PUBLIC}/"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("http://Example.org", ("http", "example.org", 80)),
        ("https://example.org/prefix", ("https", "example.org", 443)),
        ("null", None),
        ("file:///etc", None),
        ("http://a:port", None),
        ("http://[::1", None),
        ("http://a@b", None),
        ("", None),
    ],
)
def test_the_site_of_an_address(url: str, site: tuple[str, str, int] | None) -> None:
    assert origin_of(url) == site


def test_a_body_that_says_to_be_something_else_is_refused(client: FlaskClient, app: Flask) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "TEXT/PLAIN; a=b"):
        answer = client.post(BURGOS, data="{}", content_type=kind)
        assert answer.status_code == 415
        assert answer.json is not None
        assert answer.json["error"]["description"].endswith(", expected application/json.")
    assert started_by(app) == []


@pytest.mark.parametrize(
    "kind", [None, "application/json", "Application/JSON; charset=utf-8", "application/x-www-form-urlencoded"]
)
def test_json_is_read_under_its_name_and_as_curl_sends_it(client: FlaskClient, app: Flask, kind: str | None) -> None:
    assert client.post(BURGOS, data='{"dryRun": true}', content_type=kind).status_code == 200
    (task,) = started_by(app)
    found: ApiService = app.extensions[NAME]
    made = found.store.by_id(task)
    assert made is not None
    assert SyncRequest.parse(made.request).dry_run
