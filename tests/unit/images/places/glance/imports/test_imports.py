"""Imports: asked for once and with a fresh token, watched by their newest task, and never believed by a status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import QuotaExceeded, Scope, ServiceFailure, TransferError, Unreachable
from fiwareglancesync.images.places import ServerImport
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from tests.support.glance_imports import (
    ACCEPTED,
    FILLED,
    IMPORT,
    INFO,
    ONE,
    QUICK,
    TASKS,
    after_sign_in,
    fetch,
    offered,
    task,
    tasks,
)
from tests.support.scripted_server import Act, Answer, HangUp, ScriptedServer, token_answer
from tests.unit.images.places.glance.conftest import PROJECT


class TestWhoCan:
    def test_a_region_that_offers_it_is_asked_once(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        cloud.on("GET", INFO, offered("web-download", "glance-download"))
        assert isinstance(burgos, ServerImport)
        assert after_sign_in(cloud) == []
        assert [burgos.why_unable_to_import(spain) for _ in range(3)] == [None, None, None]
        assert after_sign_in(cloud) == [f"GET {INFO}"]

    @pytest.mark.parametrize(
        "answer",
        [
            offered("glance-direct", "web-download"),
            offered(),
            Answer(200, {"import-methods": ["glance-download"]}),
            Answer(200, {"import-methods": {"value": "glance-download"}}),
            Answer(200, ["glance-download"]),
            Answer(200, None),
        ],
    )
    def test_a_region_that_does_not_offer_it_says_so(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, answer: Answer
    ) -> None:
        cloud.on("GET", INFO, answer)
        assert burgos.why_unable_to_import(spain) == "the region's Glance does not offer glance-download"

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(404, {"message": "no such\nresource"}), "no such resource (HTTP 404)"),
            (Answer(200, content=b"<html>"), "malformed answer: not JSON"),
            (Answer(503, {"message": "down"}), "down (HTTP 503)"),
        ],
    )
    def test_a_region_that_does_not_report_is_no_error(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, answer: Answer, words: str
    ) -> None:
        cloud.on("GET", INFO, answer)
        first = burgos.why_unable_to_import(spain)
        assert first == f"the region does not say how it can import: {words}"
        asked = len(after_sign_in(cloud))
        assert burgos.why_unable_to_import(spain) == first
        assert len(after_sign_in(cloud)) == asked

    @pytest.mark.parametrize("end", ["", "/", "/v3", "/v3/", "/v2.0"])
    def test_another_form_of_the_address_is_the_same_keystone(
        self, cloud: ScriptedServer, spain: OpenStackPlace, credential: Credential, end: str
    ) -> None:
        versions = {"versions": {"values": [{"id": "v3.14"}]}}
        cloud.on("GET", "/", Answer(300, versions))
        cloud.on("GET", INFO, offered("glance-download"))
        other = Target("other", replace(credential, auth_url=cloud.url + end, username="otto"))
        place = OpenStackFederation(Settings("Spain", {"other": other}), QUICK).place(other, "Burgos")
        assert place.why_unable_to_import(spain) is None

    def test_another_keystone_is_not_asked(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, credential: Credential
    ) -> None:
        with ScriptedServer().running() as elsewhere:
            elsewhere.on("POST", "/v3/auth/tokens", token_answer({"Madrid": f"{elsewhere.url}/madrid"}))
            other = Target("other", replace(credential, auth_url=f"{elsewhere.url}/v3"))
            madrid = OpenStackFederation(Settings("Spain", {"other": other}), QUICK).place(other, "Madrid")
            refusal = burgos.why_unable_to_import(madrid)
        assert refusal == "the region and the master have different Keystones"
        assert after_sign_in(cloud) == []


class TestAsking:
    def test_the_import_names_the_image_and_its_region(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), tasks(task("success")))
        filled = fetch(burgos, spain)
        (request,) = willing.of("POST", IMPORT)
        assert request.document == {
            "method": {
                "name": "glance-download",
                "glance_region": "Spain",
                "glance_image_id": "m-1",
                "glance_service_interface": "public",
            }
        }
        assert (filled.id, filled.status, filled.region, filled.size) == ("i-1", "active", "Burgos", 7)
        assert after_sign_in(willing) == [f"GET {TASKS}", f"POST {IMPORT}", f"GET {TASKS}", f"GET {ONE}"]

    def test_the_targets_store_and_the_masters_interface_are_named(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        where = {"interface": "internal", "region_id": "Spain", "url": f"{cloud.url}/spain"}
        cloud.on(
            "POST",
            "/v3/auth/tokens",
            token_answer({"Burgos": f"{cloud.url}/burgos"}, project=PROJECT, other_endpoints=[where]),
        )
        cloud.on("POST", IMPORT, ACCEPTED)
        cloud.on("GET", ONE, Answer(200, FILLED))
        cloud.on("GET", TASKS, tasks(), tasks(task("success")))
        master = replace(target, credential=replace(target.credential, interface="internalURL"))
        other = replace(target, name="other", store="fast")
        federation = OpenStackFederation(Settings("Spain", {"master": master, "other": other}), QUICK)
        spain, burgos = federation.place(master, "Spain"), federation.place(other, "Burgos")
        fetch(burgos, spain)
        (request,) = cloud.of("POST", IMPORT)
        assert request.document["stores"] == ["fast"]
        assert request.document["method"]["glance_service_interface"] == "internal"

    def test_each_import_has_a_token_of_its_own(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        endpoints = {"Spain": f"{willing.url}/spain", "Burgos": f"{willing.url}/burgos"}
        granted = [token_answer(endpoints, project=PROJECT, token=f"token-{n}") for n in (2, 3, 4)]
        willing.on("POST", "/v3/auth/tokens", *granted)
        willing.on("GET", TASKS, tasks(), tasks(task("success")), tasks(), tasks(task("success")))
        for _ in range(2):
            fetch(burgos, spain)
        used = [request.headers["x-auth-token"] for request in willing.of("POST", IMPORT)]
        assert len(set(used)) == 2
        assert "token-1" not in used

    @pytest.mark.parametrize("lost", [HangUp(), Answer(502), Answer(504)])
    def test_an_import_whose_answer_was_lost_is_recognised(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, lost: Act
    ) -> None:
        willing.on("POST", IMPORT, lost, Answer(409, {"message": "Image has active task"}))
        willing.on("GET", TASKS, tasks(), tasks(task("processing")), tasks(task("success")))
        assert fetch(burgos, spain).is_active
        assert len(willing.of("POST", IMPORT)) == 2

    def test_a_conflict_with_nothing_under_way_is_reported(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("POST", IMPORT, HangUp(), Answer(409, {"message": "'disk_format' needs to be set"}))
        willing.on("GET", TASKS, tasks())
        with pytest.raises(TransferError, match="'disk_format' needs to be set"):
            fetch(burgos, spain)


    def test_a_conflict_at_the_first_try_is_believed(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        """A task that is not ours may have appeared meanwhile."""
        willing.on("POST", IMPORT, Answer(409, {"message": "Image has active task"}))
        willing.on("GET", TASKS, tasks(), tasks(task("success")))
        with pytest.raises(TransferError, match="Image has active task"):
            fetch(burgos, spain)
        assert after_sign_in(willing) == [f"GET {TASKS}", f"POST {IMPORT}"]


class TestRefusals:
    @pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
    def test_a_region_that_does_not_let_us_is_not_asked_again(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, status: int
    ) -> None:
        cloud.on("GET", INFO, offered("glance-download"))
        cloud.on("GET", TASKS, tasks())
        cloud.on("POST", IMPORT, Answer(status, {"message": "not for you"}))
        assert burgos.why_unable_to_import(spain) is None
        with pytest.raises(TransferError, match=rf"not for you \(HTTP {status}\)"):
            fetch(burgos, spain)
        refusal = burgos.why_unable_to_import(spain)
        assert refusal == f"the region does not let us import: not for you (HTTP {status})"
        assert len(cloud.of("GET", INFO)) == 1

    @pytest.mark.parametrize("status", [400, 409, 500])
    def test_what_may_be_about_one_image_leaves_the_next_one_its_chance(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, status: int
    ) -> None:
        cloud.on("GET", INFO, offered("glance-download"))
        cloud.on("GET", TASKS, tasks())
        cloud.on("POST", IMPORT, Answer(status, {"message": "not this one"}))
        with pytest.raises(TransferError, match="not this one"):
            fetch(burgos, spain)
        assert burgos.why_unable_to_import(spain) is None

    def test_a_spent_quota_is_the_regions(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        cloud.on("GET", TASKS, tasks())
        cloud.on("POST", IMPORT, Answer(413, {"message": "image_size_total is over limit of 1"}))
        with pytest.raises(QuotaExceeded) as caught:
            fetch(burgos, spain)
        assert caught.value.scope is Scope.UPLOADS

    def test_a_region_that_does_not_answer_any_more_is_no_matter_of_the_way(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), HangUp())
        with pytest.raises(Unreachable):
            fetch(burgos, spain)
        unwell = Answer(503, {"message": "overloaded"})
        willing.on("GET", TASKS, tasks(), unwell)
        with pytest.raises(ServiceFailure, match="overloaded"):
            fetch(burgos, spain)

    def test_a_region_without_a_list_of_tasks_is_not_even_asked(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        cloud.on("GET", TASKS, Answer(404, {"message": "no such resource"}))
        with pytest.raises(TransferError, match="no such resource"):
            fetch(burgos, spain)
        assert cloud.of("POST", IMPORT) == []
