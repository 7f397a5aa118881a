"""The policy server as Cinder and others ask it (volumes 5)."""

from __future__ import annotations

import gzip
import io
import json
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from threading import Event
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fiwareglancesync.openstack.cloud_model import CloudBackup
from fiwareglancesync.volumes.policy_checks.policy_account import AccountId
from fiwareglancesync.volumes.policy_checks.policy_application import PolicyService, create_policy_app
from fiwareglancesync.volumes.policy_checks.policy_lookup import CinderLookup, RecordLookup
from fiwareglancesync.volumes.policy_checks.policy_request import FORM, MAX_BODY_BYTES
from fiwareglancesync.volumes.policy_clients import AllowedClients

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"
ACCOUNT, MEMBER, PROJECT = "0a" * 16, "0b" * 16, "0c" * 16
PATH = f"/v1/backup?backup_id={ID}"
TARGET: dict[str, Any] = {"id": ID, "user_id": MEMBER, "project_id": PROJECT, "metadata": {}, "status": "available"}
TRUE, FALSE, UNKNOWN = (200, "True"), (401, "False"), (503, "unknown")
MALFORMED = (400, "unknown")
BACKUP = CloudBackup(
    ID, "b", PROJECT, MEMBER, "0d", "available", 1, False, False, datetime(2026, 11, 28, tzinfo=timezone.utc)
)


@dataclass
class Surroundings:
    """The database and the Cinder of a test."""

    recorded: set[str] = field(default_factory=set)
    is_away: bool = False
    backup: CloudBackup | None = None
    asked: list[str] = field(default_factory=list)

    def is_recorded(self, backup_id: str) -> bool:
        if self.is_away:
            raise ConnectionError
        return backup_id in self.recorded

    def describe(self, backup_id: str) -> CloudBackup | None:
        self.asked.append(backup_id)
        return self.backup


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


def client_of(around: Surroundings, account: str = ACCOUNT, *clients: str) -> FlaskClient:
    def sign_in() -> str:
        raise ConnectionError

    service = PolicyService(
        RecordLookup(around.is_recorded),
        CinderLookup(around.describe),
        AccountId(account, sign_in, lambda _: Event().wait()),
        AllowedClients(clients),
    )
    return create_policy_app(service).test_client()


@pytest.fixture
def client(around: Surroundings) -> FlaskClient:
    return client_of(around)


def of(response: TestResponse) -> tuple[int, str]:
    """Status and body; no answer is stored anywhere or leads elsewhere."""
    assert response.headers["Cache-Control"] == "no-store"
    assert "Location" not in response.headers
    assert response.mimetype == "text/plain"
    return response.status_code, response.get_data(as_text=True)


def form(**changes: Any) -> dict[str, str]:
    """A form as oslo.policy sends it."""
    target = json.dumps({**TARGET, **changes})
    return {"rule": '"backup:delete"', "target": target, "credentials": '{"is_admin": false}'}


def ask(client: FlaskClient, path: str = PATH, **changes: Any) -> tuple[int, str]:
    return of(client.post(path, data=form(**changes)))


def test_a_member_may_delete_an_own_backup_whatever_its_status(client: FlaskClient, around: Surroundings) -> None:
    for status in ("available", "error", "restoring", "creating"):
        assert ask(client, status=status) == TRUE
    assert around.asked == []


def test_an_automated_backup_is_protected(client: FlaskClient, around: Surroundings) -> None:
    assert ask(client, user_id=ACCOUNT) == FALSE
    assert ask(client, metadata={"__automated_backup": "True"}) == FALSE
    around.recorded = {ID}
    assert ask(client) == FALSE
    assert around.asked == []


def test_while_the_database_is_away_nothing_is_decided(client: FlaskClient, around: Surroundings) -> None:
    around.is_away = True
    for changes in ({}, {"user_id": ACCOUNT}, {"metadata": {"__automated_backup": "True"}}):
        assert ask(client, **changes) == UNKNOWN
    assert of(client.get(PATH)) == UNKNOWN
    assert around.asked == []


def test_without_the_id_of_the_account_nothing_is_allowed(around: Surroundings) -> None:
    client = client_of(around, "")
    assert ask(client) == UNKNOWN
    assert ask(client, metadata={"__automated_backup": "True"}) == FALSE
    around.recorded = {ID}
    assert ask(client) == FALSE


def test_a_request_that_describes_no_backup_is_decided_by_what_cinder_says(
    client: FlaskClient, around: Surroundings
) -> None:
    for method in (client.get, client.post):
        around.backup = None
        assert of(method(PATH)) == UNKNOWN
        around.backup = BACKUP
        assert of(method(PATH)) == TRUE
        around.backup = replace(BACKUP, user_id=ACCOUNT)
        assert of(method(PATH)) == FALSE
        around.backup = replace(BACKUP, metadata={"__automated_backup": "True"})
        assert of(method(PATH)) == FALSE
    around.asked.clear()
    around.recorded = {ID}
    assert of(client.get(PATH)) == FALSE
    assert around.asked == []


def test_a_body_decides_alone_whatever_the_method(client: FlaskClient, around: Surroundings) -> None:
    around.backup = BACKUP
    assert of(client.get(PATH, data=form(user_id=ACCOUNT))) == FALSE
    assert of(client.get(PATH, data="x", content_type=FORM)) == MALFORMED
    assert around.asked == []


@pytest.mark.parametrize(
    "query",
    ["", "?", "?backup_id=", f"?backup_id={ID}&backup_id={ID}", "?backup_id=1", f"?backup-id={ID}", f"?BACKUP_ID={ID}",
     f"?backup_id={ID}%0a", f"?backup_id={ID};x", "?backup_id=%ff", "?backup_id=%00"],
)  # fmt: skip
def test_without_one_id_nothing_is_decided(client: FlaskClient, query: str) -> None:
    for response in (client.get(f"/v1/backup{query}"), client.post(f"/v1/backup{query}", data=form())):
        assert of(response) == MALFORMED


def test_another_id_than_that_of_the_target_is_malformed(client: FlaskClient) -> None:
    assert ask(client, f"/v1/backup?backup_id={ID.replace('6f', '7f')}") == MALFORMED


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/backup/", "//v1/backup", "/v1//backup", "/V1/backup", "/v1/backups"])
def test_another_path_is_no_route_and_leads_nowhere(client: FlaskClient, path: str) -> None:
    assert ask(client, f"{path}?backup_id={ID}") == (404, "unknown")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"])
def test_another_method_is_refused(client: FlaskClient, method: str) -> None:
    response = client.open(PATH, method=method, data=form())
    assert of(response) == (405, "unknown")
    assert set(response.allow) == {"GET", "POST"}


def test_head_is_refused_because_its_answer_has_no_body(client: FlaskClient) -> None:
    for path in (PATH, "/v1/health"):
        assert client.head(path).status_code == 405


def test_a_large_body_is_not_read(client: FlaskClient) -> None:
    assert ask(client, metadata={"a": "b" * MAX_BODY_BYTES}) == (413, "unknown")
    assert ask(client, metadata={"a": "b" * (MAX_BODY_BYTES - 1000)}) == TRUE


def test_a_compressed_body_is_not_unpacked(client: FlaskClient) -> None:
    packed = gzip.compress(urlencode(form()).encode())
    response = client.post(PATH, data=packed, content_type=FORM, headers={"Content-Encoding": "gzip"})
    assert of(response) == MALFORMED


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (FORM, TRUE),
        (f"{FORM}; charset=UTF-8", TRUE),
        (f'{FORM}; Charset="utf-8"', TRUE),
        (f"{FORM}; charset=utf-16", MALFORMED),
        ("multipart/form-data; boundary=x", MALFORMED),
        ("text/plain", MALFORMED),
        ("", MALFORMED),
    ],
)
def test_only_a_form_in_utf_8_is_read(client: FlaskClient, content_type: str, expected: tuple[int, str]) -> None:
    assert of(client.post(PATH, data=urlencode(form()), content_type=content_type)) == expected


def test_a_document_as_oslo_policy_can_send_it_is_read(client: FlaskClient) -> None:
    document = {"rule": "backup:delete", "target": TARGET, "credentials": {}}
    assert of(client.post(PATH, json=document)) == TRUE
    assert of(client.post(PATH, json={**document, "target": {**TARGET, "user_id": ACCOUNT}})) == FALSE


def chunked(client: FlaskClient, **environ: Any) -> tuple[int, str]:
    """A form without a length."""
    body = io.BytesIO(urlencode(form(user_id=ACCOUNT)).encode())
    headers = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    return of(client.post(PATH, input_stream=body, headers=headers, environ_overrides=environ))


def test_a_body_in_chunks_is_read_where_the_wsgi_server_passes_it_on(client: FlaskClient, around: Surroundings) -> None:
    around.backup = BACKUP
    assert chunked(client, **{"wsgi.input_terminated": True}) == FALSE
    assert chunked(client) == MALFORMED
    assert around.asked == []


def test_a_body_that_ends_too_early_is_malformed(client: FlaskClient) -> None:
    content = urlencode(form()).encode()
    for length, expected in ((len(content), TRUE), (len(content) + 1, MALFORMED)):
        changes = {"CONTENT_LENGTH": str(length)}
        response = client.post(PATH, data=content, content_type=FORM, environ_overrides=changes)
        assert of(response) == expected


def test_only_the_address_of_the_connection_says_who_asks(around: Surroundings) -> None:
    client = client_of(around, ACCOUNT, "192.0.2.0/24")
    forwarded = {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7", "X-Real-IP": "192.0.2.7"}
    for address, expected in (("192.0.2.7", TRUE), ("198.51.100.1", (403, "unknown"))):
        response = client.post(PATH, data=form(), headers=forwarded, environ_overrides={"REMOTE_ADDR": address})
        assert of(response) == expected
    refused = client.get("/v1/health", environ_overrides={"REMOTE_ADDR": "198.51.100.1"})
    assert of(refused) == (403, "unknown")


def test_health_says_whether_the_server_can_decide(client: FlaskClient, around: Surroundings) -> None:
    healthy = client.get("/v1/health")
    assert (healthy.status_code, healthy.json) == (200, {"status": "ok", "checks": {"database": "ok", "account": "ok"}})
    around.is_away = True
    failing = client.get("/v1/health")
    expected = {"status": "not ready", "checks": {"database": "failed", "account": "ok"}}
    assert (failing.status_code, failing.json) == (503, expected)
    around.is_away = False
    unknown = client_of(around, "").get("/v1/health")
    assert (unknown.status_code, (unknown.json or {})["checks"]) == (503, {"database": "ok", "account": "failed"})


SECRET = "s3cret-of-a-tenant"


def test_nothing_of_a_body_is_logged(
    around: Surroundings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_of(around)
    for changes in ({"metadata": {SECRET: SECRET}}, {"user_id": [SECRET]}, {SECRET: SECRET}, {"id": SECRET}):
        ask(client, **changes)
    for content in (SECRET, f"target={SECRET}", f"target=%7B%22{SECRET}", f"{SECRET}=%ff", SECRET * 10_000):
        of(client.post(PATH, data=content, content_type=FORM))
        of(client.post(PATH, data=content, content_type="application/json"))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("fiwareglancesync.volumes.policy_checks.policy_application.decide", fail)
    assert ask(client) == (500, "unknown")
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text
