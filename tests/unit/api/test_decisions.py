"""Single conflicts settled by a task, and lists that may not drop what is configured (sync 5.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fiwareglancesync.api.api_service import ApiService
from fiwareglancesync.images.sync_job import SYNC
from fiwareglancesync.jobs.worker import carry_out
from fiwareglancesync.kinds import KINDS

CACERES = "/regions/Caceres"
IMAGE, CHECKSUM = "base_ubuntu_22.04", "10443d63e75d7150d52fda5b2a7d0497"
"""The conflict of the example that no list covers."""


def done(client: FlaskClient, service: ApiService, **body: Any) -> dict[str, Any]:
    """A task of Caceres, once it has ended."""
    answer = client.post(CACERES, json=body)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    carry_out(service.store, answer.json["taskId"], KINDS, service.environ)
    task = client.get(f"{CACERES}/tasks/{answer.json['taskId']}").json
    assert task is not None
    return dict(task)


def status(client: FlaskClient) -> str:
    """The status of the image of the conflict."""
    answer = client.get(f"{CACERES}?image={IMAGE}").json
    assert answer is not None
    (image,) = answer["images"]
    return str(image["status"])


def refusal(client: FlaskClient, **body: Any) -> str:
    """Why a body is refused."""
    answer = client.post(CACERES, json=body)
    assert answer.status_code == 400, answer.json
    assert answer.json is not None
    return str(answer.json["error"]["description"])


def protect(service: ApiService, checksums: str) -> None:
    """Write a protection into the configuration."""
    path = Path(service.environ["GLANCESYNC_CONFIG"])
    path.write_text(path.read_text().replace("[master]", f"[master]\ndontupdate = {checksums}"))


@pytest.mark.parametrize("action", ["replace", "rename"])
def test_a_decision_settles_one_conflict(client: FlaskClient, service: ApiService, action: str) -> None:
    assert status(client) == "error_checksum"
    task = done(client, service, decisions={IMAGE: {"checksum": CHECKSUM.upper(), "action": action}})
    assert (task["status"], task["undecided"], task["warnings"]) == ("synced", 0, [])
    assert (IMAGE, action) in {(image["name"], image["action"]) for image in task["images"]}
    assert status(client) == "ok"


def test_a_decision_against_all_lists_keeps_an_image_this_once(client: FlaskClient, service: ApiService) -> None:
    decisions = {IMAGE: {"checksum": CHECKSUM, "action": "dontupdate"}}
    task = done(client, service, decisions=decisions, config={"replace": "any"})
    assert (task["status"], task["undecided"]) == ("synced", 0)
    assert IMAGE not in {image["name"] for image in task["images"]}
    assert status(client) == "error_checksum"


def test_a_decision_that_fits_no_more_does_nothing_and_says_so(client: FlaskClient, service: ApiService) -> None:
    task = done(client, service, decisions={IMAGE: {"checksum": "0" * 32, "action": "replace"}})
    assert (task["status"], task["undecided"]) == ("synced", 1)
    reported = (
        f"Caceres: The decision about image {IMAGE} has no effect: it is about checksum {'0' * 32}, the image has"
    )
    assert f"{reported} {CHECKSUM}." in task["warnings"]
    assert status(client) == "error_checksum"


@pytest.mark.parametrize("dry", [False, True])
def test_a_decision_does_not_undo_a_protection(client: FlaskClient, service: ApiService, dry: bool) -> None:
    protect(service, CHECKSUM)
    task = done(client, service, dryRun=dry, decisions={IMAGE: {"checksum": CHECKSUM, "action": "replace"}})
    assert task["status"] == "synced"
    assert any("dontupdate lists checksum" in text for text in task["warnings"])
    assert IMAGE not in {image["name"] for image in task["images"]}


def test_another_decision_while_a_task_runs_is_a_conflict(client: FlaskClient) -> None:
    body = {"decisions": {IMAGE: {"checksum": CHECKSUM, "action": "replace"}}}
    first = client.post(CACERES, json=body).json
    assert first is not None
    assert client.post(CACERES, json=body).json == first
    for other in (
        {},
        {"decisions": {IMAGE: {"checksum": CHECKSUM, "action": "rename"}}},
        {"decisions": {IMAGE: {"checksum": "0" * 32, "action": "replace"}}},
        body | {"replaceLists": True},
    ):
        answer = client.post(CACERES, json=other)
        assert answer.status_code == 409
        assert answer.json is not None
        assert answer.json["taskId"] == first["taskId"]


@pytest.mark.parametrize(
    ("decision", "beginning"),
    [
        ({"checksum": "any", "action": "replace"}, "decisions.a.checksum: "),
        ({"checksum": "", "action": "replace"}, "decisions.a.checksum: "),
        ({"checksum": "x,y", "action": "replace"}, "decisions.a.checksum: "),
        ({"checksum": "x", "action": "delete"}, "decisions.a.action: "),
        ({"checksum": "x"}, "decisions.a.action: "),
        ({"checksum": "x", "action": "replace", "more": 1}, "decisions.a.more: "),
        ("replace", "decisions.a: "),
    ],
)
def test_a_decision_that_is_none(client: FlaskClient, service: ApiService, decision: Any, beginning: str) -> None:
    assert refusal(client, decisions={"a": decision}).startswith(beginning)
    assert service.store.running(SYNC) == {}


def test_a_list_that_drops_a_protection_starts_nothing(client: FlaskClient, service: ApiService) -> None:
    protect(service, "c1, c3")
    reported = refusal(client, config={"dontupdate": "c2"})
    assert reported.startswith("config.dontupdate drops configured entries: c1, c3;")
    assert '"replaceLists": true' in reported
    assert service.store.running(SYNC) == {}
    assert client.post(CACERES, json={"config": {"dontupdate": "c2"}, "replaceLists": True}).status_code == 200


def test_a_protection_that_came_while_a_task_waited_holds(client: FlaskClient, service: ApiService) -> None:
    answer = client.post(CACERES, json={"config": {"dontupdate": "c2", "replace": "any"}}).json
    assert answer is not None
    protect(service, CHECKSUM)
    assert not carry_out(service.store, answer["taskId"], KINDS, service.environ)
    task = client.get(f"{CACERES}/tasks/{answer['taskId']}").json
    assert task is not None
    assert task["status"] == "failed"
    assert task["reason"].startswith(f"config.dontupdate drops configured entries: {CHECKSUM};")
    assert task["images"] == []


def test_the_document_describes_decisions(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    schemas = document["components"]["schemas"]
    fields = schemas["SyncBody"]["properties"]
    assert fields["decisions"]["additionalProperties"]["$ref"] == "#/components/schemas/DecisionBody"
    assert fields["replaceLists"]["type"] == "boolean"
    assert schemas["DecisionBody"]["properties"]["action"]["enum"] == ["replace", "rename", "dontupdate"]
