"""Each route and each error of sync 5.2, without authentication, on the example's federation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from fiwareglancesync.api.api_service import ApiService
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.places.factory import open_federation
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.settings import Target
from fiwareglancesync.jobs.job import Job
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import TaskStatus
from fiwareglancesync.jobs.worker import carry_out
from fiwareglancesync.kinds import KINDS
from tests.support.api_calls import BURGOS, error_of, post
from tests.support.jobs import sync_of


def test_the_root_reports_the_version(client: FlaskClient) -> None:
    answer = client.get("/").json
    assert answer is not None
    assert set(answer) == {"id", "owner", "status", "version", "updated", "runningfrom", "href"}
    assert (answer["id"], answer["status"], answer["href"]) == ("v1.0", "SUPPORTED", "http://localhost/")


def test_health_reports_what_the_server_depends_on(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "ok", "checks": {"database": "ok", "master": "ok"}}


def test_health_reports_of_a_database_that_fails(
    client: FlaskClient, service: ApiService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: TaskStore) -> None:
        raise OSError

    monkeypatch.setattr(TaskStore, "ping", fail)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "checks": {"database": "failed", "master": "ok"}}
    assert client.get("/health?live=1").status_code == 200


def test_the_document_describes_every_route(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    assert document["openapi"].startswith("3.")
    tasks = "/regions/{id}/tasks"
    one = f"{tasks}/{{task}}"
    assert {"/", "/health", "/metrics", "/regions", "/regions/{id}", tasks, one, f"{one}/cancel"} == set(
        document["paths"]
    )


@pytest.mark.parametrize("code", ["200", "403"])
def test_the_document_reports_what_every_route_answers(client: FlaskClient, code: str) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["responses"].get(code, {}).get("description") for operation in operations)


def test_the_pages_need_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.mimetype == "text/html"
    assert "//" not in page.text
    assert client.get("/docs/js/swagger-ui-bundle.js").status_code == 200
    assert client.get("/docs/css/swagger-ui.css").status_code == 200
    error_of(client.get("/docs/../routes.py"), 404)
    error_of(client.get("/docs/nothing"), 404)


def test_regions_are_listed_before_anything_was_looked_at(client: FlaskClient) -> None:
    answer = client.get("/regions").json
    assert answer is not None
    assert [region["id"] for region in answer["regions"]] == ["Burgos", "Caceres", "Spain", "federation2:Madrid"]
    assert all(region["checked"] is None and region["counts"] is None for region in answer["regions"])


def test_a_refresh_counts_the_statuses_and_is_kept(client: FlaskClient) -> None:
    refreshed = client.get("/regions?refresh=1").json
    assert refreshed is not None
    burgos = refreshed["regions"][0]
    assert burgos["checked"]
    assert burgos["counts"]["pending_upload"] == 2
    assert client.get("/regions").json == refreshed


def test_a_region_reports_the_status_of_its_images(client: FlaskClient) -> None:
    answer = client.get("/regions/Caceres").json
    assert answer is not None
    by_name = {image["name"]: image for image in answer["images"]}
    conflict = [image for image in by_name.values() if image["status"] == "error_checksum"]
    assert conflict
    assert all(image["id"] and image["message"] for image in conflict)


def test_a_region_reports_what_differs_and_what_is_left_out(client: FlaskClient, service: ApiService) -> None:
    federation = open_federation(service.cloud.settings, service.environ)
    assert isinstance(federation, EmbeddedFederation)
    (base,) = (image for image in federation.images("Spain") if image.name == "base_ubuntu_22.04")
    key = {**base.user_properties, "cinder_encryption_key_id": "k"}
    federation.put(replace(base, id="secret", name="secret", user_properties=key))
    answer = client.get(BURGOS).json
    assert answer is not None
    (image,) = (image for image in answer["images"] if image["name"] == "base_ubuntu_22.04")
    assert (image["status"], image["message"]) == ("pending_metadata", "nid 1019 → 1024")
    reason = "it is encrypted with a key (cinder_encryption_key_id) that other regions do not have"
    left = {"name": "secret", "reason": reason, "deliberate": False}
    assert answer["left_out"] == [left]
    assert client.get(f"{BURGOS}?image=secret").json == {"images": [], "left_out": [left]}
    refreshed = client.get("/regions?refresh=1").json or {}
    assert sum(refreshed["regions"][0]["counts"].values()) == len(answer["images"])


def test_an_image_is_chosen_by_its_name(client: FlaskClient) -> None:
    images = client.get(f"{BURGOS}?image=base_debian_12").json
    assert images is not None
    assert [image["name"] for image in images["images"]] == ["base_debian_12"]
    assert client.get(f"{BURGOS}?image=nothing").json == {"images": [], "left_out": []}


@pytest.mark.parametrize(
    "path", ["/regions/Nope", "/regions/nope:Burgos", "/regions/federation2:", "/regions/Nope/tasks"]
)
def test_an_unknown_region_is_gone(client: FlaskClient, path: str) -> None:
    assert error_of(client.get(path), 410)["message"] == "Bad region"


def test_all_regions_of_a_target_are_not_asked_for_at_once(client: FlaskClient) -> None:
    description = error_of(client.post("/regions/federation2:"), 410)["description"]
    assert description == "federation2:: it stands for all regions of a target; name them one by one"


def test_an_unknown_target_is_reported_from_an_unknown_region(client: FlaskClient) -> None:
    for answer in (client.get("/regions/federatoin2:Madrid"), client.post("/regions/federatoin2:Madrid")):
        known = "unknown target federatoin2; the configuration has: master, federation2"
        assert error_of(answer, 410)["description"] == f"federatoin2:Madrid: {known}; did you mean federation2:Madrid?"
        assert (answer.json or {})["unknown"] == "target"
    of_region = client.get("/regions/federation2:Madird")
    assert error_of(of_region, 410)["description"].endswith("; did you mean federation2:Madrid?")
    assert "unknown" not in (of_region.json or {})


@pytest.mark.parametrize("region", ["Nope", "nope:Burgos", "federation2:"])
def test_an_unknown_region_has_no_tasks(client: FlaskClient, region: str) -> None:
    task = f"/regions/{region}/tasks/nothing"
    for answer in (client.get(task), client.delete(task), client.post(f"{task}/cancel")):
        assert error_of(answer, 410)["message"] == "Bad region"


def test_a_task_stays_known_when_its_region_is_gone(client: FlaskClient, service: ApiService) -> None:
    task, _ = service.store.create(sync_of("Gone"))
    answer = client.get(f"/regions/Gone/tasks/{task.id}").json
    assert answer is not None
    assert answer["taskId"] == task.id


def test_an_unknown_region_is_not_synchronised(client: FlaskClient) -> None:
    assert error_of(client.post("/regions/Nope"), 410)["message"] == "Bad region"


def test_a_task_is_the_same_as_long_as_it_runs(client: FlaskClient, service: ApiService) -> None:
    first = post(client)
    assert post(client) == first
    assert post(client, "/regions/master:Burgos") == first
    assert service.executor.started == [first]  # type: ignore[attr-defined]
    listed = client.get("/regions").json
    assert listed is not None
    assert listed["regions"][0]["task"] == {"taskId": first, "status": "syncing"}


def test_another_wish_while_a_task_runs_is_a_conflict(client: FlaskClient) -> None:
    first = post(client)
    answer = client.post(BURGOS, json={"dryRun": True})
    error_of(answer, 409)
    assert answer.json is not None
    assert answer.json["taskId"] == first


def test_a_task_under_the_regions_other_name_is_a_conflict_that_names_it(
    client: FlaskClient, service: ApiService, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EmbeddedFederation.place

    def place(federation: EmbeddedFederation, target: Target, region: str) -> EmbeddedPlace:
        """All names lead to Burgos."""
        found = real(federation, target, region)
        found.identity = replace(found.identity, region="Burgos")
        return found

    monkeypatch.setattr(EmbeddedFederation, "place", place)
    first = post(client)
    answer = client.post("/regions/Caceres", json={})
    error_of(answer, 409)
    assert answer.json is not None
    assert answer.json["taskId"] == first
    assert answer.json["error"]["description"] == (
        f"Another task is running for the region under its other name Burgos: {first}"
    )
    assert client.get("/regions/Caceres/tasks").json == {"tasks": []}


def test_a_task_of_another_kind_excludes_a_synchronisation_unlisted(client: FlaskClient, service: ApiService) -> None:
    key = service.reader().check(RegionRef.parse("Burgos")).identity.task_key
    other, _ = service.store.create(Job("another", "Burgos", "not even JSON", key))
    answer = client.post(BURGOS, json={})
    error_of(answer, 409)
    assert answer.json is not None
    assert answer.json["error"]["description"] == (
        f"Another task is running for the region and does something else: {other.id}"
    )
    assert client.get(f"{BURGOS}/tasks").json == {"tasks": []}
    error_of(client.get(f"{BURGOS}/tasks/{other.id}"), 404)
    listed = client.get("/regions").json
    assert listed is not None
    assert {region["task"] for region in listed["regions"]} == {None}


def test_a_task_that_ended_does_not_block_the_next(client: FlaskClient, service: ApiService) -> None:
    first = post(client)
    service.store.finish(first, TaskStatus.SYNCED)
    second = post(client)
    assert second != first
    listed = client.get(f"{BURGOS}/tasks").json
    assert listed is not None
    assert [task["taskId"] for task in listed["tasks"]] == [second, first]


def test_a_task_reports_what_it_did(client: FlaskClient, service: ApiService) -> None:
    task_id = post(client)
    assert carry_out(service.store, task_id, KINDS, service.environ)
    task = client.get(f"{BURGOS}/tasks/{task_id}").json
    assert task is not None
    assert (task["status"], task["reason"], task["errors"]) == ("synced", None, [])
    assert (task["imagesTotal"], task["imagesDone"]) == (3, 3)
    assert task["bytesDone"] == task["bytesTotal"] > 0
    assert task["created"] <= task["started"] <= task["finished"]
    assert {image["state"] for image in task["images"]} == {"done"}
    after = client.get(BURGOS).json
    assert after is not None
    assert {image["status"] for image in after["images"]} == {"ok"}
    listed = client.get("/regions").json
    assert listed is not None
    assert listed["regions"][0]["counts"] == {"ok": 7}


def test_a_dry_run_changes_nothing(client: FlaskClient, service: ApiService) -> None:
    before = client.get(BURGOS).json
    task_id = post(client, dryRun=True, images=["base_debian*"])
    assert carry_out(service.store, task_id, KINDS, service.environ)
    task = client.get(f"{BURGOS}/tasks/{task_id}").json
    assert task is not None
    assert task["dryRun"]
    assert [(image["name"], image["state"]) for image in task["images"]] == [("base_debian_12", "pending")]
    assert client.get(BURGOS).json == before


def test_options_hold_for_one_task(client: FlaskClient, service: ApiService) -> None:
    config = {"replace": [], "rename": ["any"], "support_obsolete_images": False}
    task_id = post(client, dryRun=True, config=config, replaceLists=True)
    assert carry_out(service.store, task_id, KINDS, service.environ)
    task = client.get(f"{BURGOS}/tasks/{task_id}").json
    assert task is not None
    actions = {image["name"]: image["action"] for image in task["images"]}
    assert actions["base_debian_12"] == "rename"
    assert "obsolete" not in actions.values()


def test_a_conflict_that_awaits_a_decision_is_no_failure(client: FlaskClient, service: ApiService) -> None:
    task_id = post(client, "/regions/Caceres")
    carry_out(service.store, task_id, KINDS, service.environ)
    task = client.get(f"/regions/Caceres/tasks/{task_id}").json
    assert task is not None
    assert (task["status"], task["undecided"]) == ("synced", 1)


def test_a_pattern_that_matches_nothing_is_a_failure(client: FlaskClient, service: ApiService) -> None:
    task_id = post(client, images=["nothing*"])
    assert not carry_out(service.store, task_id, KINDS, service.environ)
    task = client.get(f"{BURGOS}/tasks/{task_id}").json
    assert task is not None
    assert task["status"] == "failed"
    assert "matches no image" in task["reason"]


def test_cancelling_what_has_ended_changes_nothing(client: FlaskClient, service: ApiService) -> None:
    task_id = post(client)
    service.store.finish(task_id, TaskStatus.SYNCED)
    answer = client.post(f"{BURGOS}/tasks/{task_id}/cancel")
    assert answer.json == {"taskId": task_id, "status": "synced"}


def test_each_answer_names_its_request(client: FlaskClient) -> None:
    assert client.get("/").headers["X-Request-Id"].startswith("req-")
    assert client.get("/", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    assert client.get("/", headers={"X-Request-Id": "<script>"}).headers["X-Request-Id"].startswith("req-")


def test_names_with_lone_surrogates_do_not_break_an_answer(client: FlaskClient, service: ApiService) -> None:
    task, _ = service.store.create(sync_of("Burgos"))
    service.store.finish(task.id, TaskStatus.FAILED, "odd \ud800 \x00 name")
    answer = client.get(f"{BURGOS}/tasks/{task.id}").json
    assert answer is not None
    assert answer["reason"] == "odd \\ud800 \x00 name"


def test_metrics_are_for_loopback_or_a_token(client: FlaskClient, service: ApiService) -> None:
    post(client)
    text = client.get("/metrics").text
    assert 'glancesync_tasks{status="syncing"} 1.0' in text
    assert 'route="/regions/<string:id>"' in text
    error_of(client.get("/metrics", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}), 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_metrics_are_not_for_those_whom_a_proxy_on_this_machine_speaks_for(client: FlaskClient, header: str) -> None:
    error_of(client.get("/metrics", headers={header: "something"}), 404)


def test_methods_that_strangers_invent_are_one_series(client: FlaskClient) -> None:
    for method in ("FOO", "BAR"):
        error_of(client.open("/", method=method), 405)
    text = client.get("/metrics").text
    assert 'method="other"' in text
    assert "FOO" not in text
    assert "BAR" not in text
