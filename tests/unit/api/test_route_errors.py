"""Requests that are wrong, and regions that fail: each has its code and a description (sync 5.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from fiwareglancesync.api.api_service import ApiService
from fiwareglancesync.base import errors
from fiwareglancesync.images.status import StatusReader
from fiwareglancesync.images.sync_job import SYNC
from fiwareglancesync.jobs.tasks import TaskStatus
from tests.support.api_calls import BURGOS, error_of, post


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '"text"',
        "1",
        '{"dryRun": "yes"}',
        '{"images": "all"}',
        '{"images": [1]}',
        '{"unknown": 1}',
        '{"config": {"max_children": 3}}',
        '{"config": {"credential": "a,b,c,d"}}',
        '{"config": {"replace": ["a,b"]}}',
        '{"config": {"metadata_condition": "__import__(1)"}}',
        '{"config": {"only_tenant_images": "True"}}',
        b"\xff\xfe",
    ],
)
def test_a_malformed_body_starts_nothing(client: FlaskClient, service: ApiService, body: str | bytes) -> None:
    error_of(client.post(BURGOS, data=body, content_type="application/json"), 400)
    assert service.store.running(SYNC) == {}


@pytest.mark.parametrize(
    ("body", "beginning"),
    [
        ("[]", "body: "),
        ("{", "body: "),
        ('{"dryrun": true}', "dryrun: unknown key; did you mean dryRun?"),
        ('{"dry_run": true}', "dry_run: unknown key; did you mean dryRun?"),
        ('{"image": ["x"]}', "image: unknown key; did you mean images?"),
        ('{"zzz": 1}', "zzz: unknown key; there are dryRun, images, config, replaceLists, decisions"),
        ('{"config": {"rplace": "any"}}', "config.rplace: unknown key; did you mean replace?"),
        ('{"config": {"zzz": 1}}', "config.zzz: unknown key; there are metadata_set, "),
        ('{"decisions": {"x": {"checksm": "1", "action": "rename"}}}', "decisions.x.checksum: Field required; "),
        ('{"config": {"replace": 1}}', "config.replace: Input should be a valid array or a valid string"),
        ('{"config": {"metadata_condition": "f("}}', "[master] metadata_condition: "),
    ],
)
def test_what_is_wrong_with_a_body_is_named(client: FlaskClient, body: str, beginning: str) -> None:
    assert error_of(client.post(BURGOS, data=body), 400)["description"].startswith(beginning)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/region", "/regions"),
        ("/Regions", "/regions"),
        ("/v1/regions", "/regions"),
        ("/v1.0/regions/Burgos", "/regions/Burgos"),
        ("/regions/Burgos/task", "/regions/Burgos/tasks"),
        ("/regions/Burgos/task/1", "/regions/Burgos/tasks/1"),
        ("/health/live", None),
        ("/favicon.ico", None),
    ],
)
def test_a_path_that_is_nearly_a_route_names_the_route(client: FlaskClient, path: str, meant: str | None) -> None:
    description = error_of(client.get(path), 404)["description"]
    hint = f" Did you mean {meant}?" if meant else ""
    assert description == f"There is no route {path}.{hint} GET /docs lists the routes."


def test_the_pages_with_a_slash_at_the_end_are_the_pages(client: FlaskClient) -> None:
    answer = client.get("/docs/")
    assert (answer.status_code, answer.headers["Location"]) == (308, "../docs")
    assert urljoin("http://host/prefix/docs/", answer.headers["Location"]) == "http://host/prefix/docs"


def test_a_configuration_that_is_broken_meanwhile_is_not_the_requests_fault(
    client: FlaskClient, service: ApiService
) -> None:
    Path(service.environ["GLANCESYNC_CONFIG"]).write_text("[main]\nmax_children = secret\n")
    for body in ({}, {"config": {"rename": "any"}}):
        assert "secret" not in error_of(client.post(BURGOS, json=body), 500)["description"]
    assert service.store.running(SYNC) == {}


def test_a_body_of_any_size_is_not_read(client: FlaskClient) -> None:
    error_of(client.post(BURGOS, data=b" " * 2**20), 413)


def test_a_query_that_makes_no_sense_is_malformed(client: FlaskClient) -> None:
    error_of(client.get("/regions?refresh=perhaps"), 400)


OF_THE_BODY = "this route has no parameters; dryRun is a key of the body, which is JSON"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/regions?refesh=1", "refesh: unknown key; did you mean refresh?"),
        ("GET", f"{BURGOS}?imgae=x&image=y", "imgae: unknown key; did you mean image?"),
        ("GET", f"{BURGOS}?zzz", "zzz: unknown key; there are image"),
        ("GET", f"{BURGOS}/tasks?image=x", "image: this route has no parameters"),
        ("POST", f"{BURGOS}?dryRun=true", f"dryRun: {OF_THE_BODY}"),
        ("POST", f"{BURGOS}?dry_run", f"dry_run: {OF_THE_BODY}"),
        ("POST", f"{BURGOS}?x%0Ay=", "x\\x0ay: this route has no parameters"),
    ],
)
def test_a_parameter_that_has_no_effect_is_refused(
    client: FlaskClient, service: ApiService, method: str, path: str, expected: str
) -> None:
    assert error_of(client.open(path, method=method), 400)["description"] == expected
    assert service.store.running(SYNC) == {}


def test_a_task_is_looked_up_under_its_own_region(client: FlaskClient) -> None:
    task_id = post(client)
    error_of(client.get(f"/regions/Caceres/tasks/{task_id}"), 404)
    error_of(client.delete(f"/regions/Caceres/tasks/{task_id}"), 404)
    error_of(client.post(f"/regions/Caceres/tasks/{task_id}/cancel"), 404)
    error_of(client.get(f"{BURGOS}/tasks/nothing"), 404)


def test_a_running_task_is_not_deleted(client: FlaskClient, service: ApiService) -> None:
    task_id = post(client)
    error_of(client.delete(f"{BURGOS}/tasks/{task_id}"), 400)
    service.store.finish(task_id, TaskStatus.FAILED, "for the test")
    answer = client.delete(f"{BURGOS}/tasks/{task_id}")
    assert (answer.status_code, answer.data) == (200, b"")
    error_of(client.get(f"{BURGOS}/tasks/{task_id}"), 404)


def test_a_path_that_is_none(client: FlaskClient) -> None:
    error_of(client.get("/nothing"), 404)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/regions"), ("DELETE", BURGOS), ("PATCH", f"{BURGOS}/tasks")])
def test_a_method_that_is_none(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    error_of(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TimedOut("slow"), 504),
        (errors.ServiceFailure("broken", status=500), 502),
        (errors.Unreachable("nobody"), 502),
        (errors.Unreachable("Keystone does not answer", scope=errors.Scope.TARGET), 503),
        (RuntimeError("secret"), 500),
    ],
)
def test_what_a_region_does_wrong_has_its_code(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fail(watch: StatusReader, ref: object) -> None:
        raise error

    monkeypatch.setattr(StatusReader, "status", fail)
    assert "secret" not in str(error_of(client.get(BURGOS), code))


def test_a_region_that_fails_is_reported_apart_from_the_master(
    client: FlaskClient, service: ApiService, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = type(service.reader().federation.place(service.cloud.settings.master, "Burgos"))
    listing = place.listing

    def fail(self: Any) -> Any:
        if self.name in broken:
            raise errors.TimedOut("slow")
        return listing(self)

    monkeypatch.setattr(place, "listing", fail)
    broken = {"Burgos"}
    error_of(client.get(BURGOS), 504)
    listed = client.get("/regions?refresh=1").json
    assert listed is not None
    assert [bool(region["error"]) for region in listed["regions"]] == [True, False, False, False]
    assert listed["regions"][0]["counts"] is None
    broken = {"Spain"}
    error_of(client.get(BURGOS), 503)
    error_of(client.get("/regions?refresh=1"), 503)


def test_doubled_slashes_are_no_path(client: FlaskClient) -> None:
    for path in (f"{BURGOS}//tasks", "/regions//tasks", "/docs//"):
        error_of(client.get(path), 404)


def test_a_host_that_is_not_loopback_is_forbidden(client: FlaskClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::1].evil.example"):
        error_of(client.get("/", headers={"Host": host}), 403)
    for host in ("localhost:8888", "127.0.0.1", "[::1]:8888"):
        assert client.get("/", headers={"Host": host}).status_code == 200
