"""Creating, changing, removing: minimal requests, repeated only where that is safe and recognised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    PropertyRefused,
    PublicationRefused,
    Scope,
)
from fiwareglancesync.images.model import JOURNAL, NewImage, Patch
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from tests.support.glance_images import IMAGE, IMAGES, NEW, ONE, after_sign_in, stored
from tests.support.scripted_server import Act, Answer, HangUp, ScriptedServer

from .conftest import PROJECT


class TestCreating:
    def test_the_whole_image_goes_in_one_request(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("POST", IMAGES, Answer(201, stored()))
        made = burgos.create(NEW)
        (request,) = cloud.of("POST", IMAGES)
        assert request.document == {
            "id": "i-1", "name": "name", "visibility": "private", "protected": False,
            "disk_format": "qcow2", "container_format": "bare", "min_disk": 1, "min_ram": 512,
            "tags": ["t"], JOURNAL: "{}", "nid": "7",
        }
        assert made.id == "i-1"
        assert made.user_properties == {JOURNAL: "{}", "nid": "7"}
        assert after_sign_in(cloud) == [f"POST {IMAGES}"]

    def test_formats_that_are_unknown_are_not_sent(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("POST", IMAGES, Answer(201, stored()))
        burgos.create(NewImage("i-1", "name", None, None))
        (request,) = cloud.of("POST", IMAGES)
        assert not {"disk_format", "container_format"} & set(request.document)

    def test_properties_with_the_names_of_attributes_are_never_sent(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("POST", IMAGES, Answer(201, stored()))
        evil = {
            "id": "x",
            "owner": "x",
            "visibility": "public",
            "os_hash_value": "x",
            "os_glance_x": "x",
            "ok": "1",
        }
        burgos.create(NewImage("i-1", "name", None, None, properties=evil))
        (request,) = cloud.of("POST", IMAGES)
        assert request.document == {
            "id": "i-1", "name": "name", "visibility": "private", "protected": False,
            "min_disk": 0, "min_ram": 0, "tags": [], "ok": "1",
        }

    @pytest.mark.parametrize("lost", [HangUp(), Answer(502), Answer(504)])
    def test_a_creation_whose_answer_was_lost_is_recognised(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, lost: Act
    ) -> None:
        cloud.on("POST", IMAGES, lost, Answer(409, {"message": "Image ID i-1 already exists!"}))
        cloud.on("GET", ONE, Answer(200, stored()))
        assert burgos.create(NEW).status == "queued"
        assert after_sign_in(cloud) == [f"POST {IMAGES}", f"POST {IMAGES}", f"GET {ONE}"]

    @pytest.mark.parametrize(
        "there",
        [stored(status="active"), stored(owner="q" * 32), stored(name="other"), stored(**{JOURNAL: "x"})],
    )
    def test_another_image_under_that_id_is_a_conflict(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, there: dict[str, Any]
    ) -> None:
        cloud.on("POST", IMAGES, HangUp(), Answer(409, {"message": "exists"}))
        cloud.on("GET", ONE, Answer(200, there))
        with pytest.raises(Conflict, match="exists"):
            burgos.create(NEW)

    def test_a_conflict_at_the_first_try_is_believed(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("POST", IMAGES, Answer(409, {"message": "exists"}))
        with pytest.raises(Conflict):
            burgos.create(NEW)
        assert after_sign_in(cloud) == [f"POST {IMAGES}"]

    @pytest.mark.parametrize(
        ("status", "said", "named"),
        [
            (403, f"Attribute '{JOURNAL}' is reserved.", {JOURNAL}),
            (403, "Property nid is protected", {"nid"}),
            (400, f"Provided object is bad: {JOURNAL}: '' is too short", {JOURNAL}),
            (400, f"Additional properties are not allowed ('nid', '{JOURNAL}' were unexpected)", {"nid", JOURNAL}),
            (403, "Property 'other_nid' is protected", set()),
            (413, "The limit has been exceeded on the number of allowed image properties.", set()),
        ],
    )
    def test_a_refused_property_is_named_where_the_service_names_it(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, status: int, said: str, named: set[str]
    ) -> None:
        cloud.on("POST", IMAGES, Answer(status, {"message": said}))
        with pytest.raises(PropertyRefused) as caught:
            burgos.create(NEW)
        assert ({*caught.value.properties}, caught.value.status, caught.value.scope) == (named, status, Scope.IMAGE)
        assert caught.value.cause == f"{said} (HTTP {status})"

    @pytest.mark.parametrize(
        ("status", "said", "too_many"),
        [
            (413, "The limit has been exceeded on the number of allowed image properties.", True),
            (413, "Payload Too Large", True),
            (413, "The limit has been exceeded on the number of allowed image tags.", False),
            (403, "Property number is protected", False),
        ],
    )
    def test_too_many_properties_are_reported_whatever_their_names(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, status: int, said: str, too_many: bool
    ) -> None:
        cloud.on("POST", IMAGES, Answer(status, {"message": said}))
        with pytest.raises(PropertyRefused) as caught:
            burgos.create(replace(NEW, properties={"number": "1"}))
        assert caught.value.too_many is too_many

    def test_a_property_with_a_name_of_the_sentence_does_not_hide_a_missing_right(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("POST", IMAGES, Answer(403, {"message": "You are not authorized to complete add_image action."}))
        with pytest.raises(CloudError) as caught:
            burgos.create(replace(NEW, properties={"action": "1"}))
        assert caught.value.scope is Scope.UPLOADS

    def test_new_ids_are_uuids_and_differ(self, burgos: OpenStackPlace) -> None:
        one, other = burgos.new_id("x"), burgos.new_id("x")
        assert one != other
        assert len(one) == 36


class TestUpdating:
    def test_only_what_changes_is_sent(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("PATCH", ONE, Answer(200, stored(status="active", visibility="public")))
        patch = Patch("new", "public", False, {"a~b/c": "1", "nid": "8"}, ("gone/x",))
        changed = burgos.update(IMAGE, patch)
        (request,) = cloud.of("PATCH", ONE)
        assert request.headers["content-type"] == "application/openstack-images-v2.1-json-patch"
        assert request.document == [
            {"op": "replace", "path": "/name", "value": "new"},
            {"op": "replace", "path": "/visibility", "value": "public"},
            {"op": "replace", "path": "/protected", "value": False},
            {"op": "remove", "path": "/gone~1x"},
            {"op": "add", "path": "/a~0b~1c", "value": "1"},
            {"op": "add", "path": "/nid", "value": "8"},
        ]
        assert changed.visibility == "public"

    def test_no_change_is_no_request(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        assert burgos.update(IMAGE, Patch()) is IMAGE
        assert burgos.update(IMAGE, Patch(set={"owner": "x"}, remove=("id",))) is IMAGE
        assert after_sign_in(cloud) == []

    def test_a_change_whose_answer_was_lost_is_recognised(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PATCH", ONE, HangUp(), Answer(409, {"message": "Property nid does not exist."}))
        cloud.on("GET", ONE, Answer(200, {"id": "i-1", "owner": PROJECT, "name": "new"}))
        assert burgos.update(IMAGE, Patch(name="new", remove=("nid",))).name == "new"

    def test_a_change_that_did_not_happen_stays_a_conflict(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PATCH", ONE, HangUp(), Answer(409, {"message": "Property nid does not exist."}))
        cloud.on("GET", ONE, Answer(200, {"id": "i-1", "owner": PROJECT, "name": "old"}))
        with pytest.raises(Conflict, match="Property nid does not exist"):
            burgos.update(IMAGE, Patch(name="new", remove=("nid",)))

    @pytest.mark.parametrize("action", ["publicize_image", "communitize_image"])
    def test_a_visibility_that_is_not_allowed_is_a_refused_publication(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, action: str
    ) -> None:
        said = f"You are not authorized to complete {action} action."
        cloud.on("PATCH", ONE, Answer(403, {"message": said}, headers={"X-Openstack-Request-Id": "req-7"}))
        with pytest.raises(PublicationRefused) as caught:
            burgos.update(IMAGE, Patch(visibility="public"))
        advice = "the user needs a role in the project that may do this, usually admin"
        assert (caught.value.cause, caught.value.status) == (f"{said} (HTTP 403); {advice}", 403)
        assert (caught.value.scope, caught.value.request_id) == (Scope.IMAGE, "req-7")

    @pytest.mark.parametrize(
        ("patch", "said"),
        [(Patch(visibility="public"), "Forbidden to modify this image"), (Patch(name="new"), "the visibility is odd")],
    )
    def test_other_refusals_are_no_refused_publication(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, patch: Patch, said: str
    ) -> None:
        cloud.on("PATCH", ONE, Answer(403, {"message": said}))
        with pytest.raises(Forbidden) as caught:
            burgos.update(IMAGE, patch)
        assert type(caught.value) is Forbidden

    def test_strange_ids_stay_one_segment_of_the_path(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", f"{IMAGES}/..%2F..%2Fadmin%3Fx", Answer(200, stored()))
        assert burgos.get("../../admin?x").id == "i-1"


class TestDeleting:
    def test_an_image_is_removed(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("DELETE", ONE, Answer(204))
        burgos.delete("i-1")
        assert after_sign_in(cloud) == [f"DELETE {ONE}"]

    @pytest.mark.parametrize("acts", [(Answer(404),), (HangUp(), Answer(404)), (Answer(503), Answer(204))])
    def test_removing_what_is_gone_succeeds(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, acts: tuple[Act, ...]
    ) -> None:
        cloud.on("DELETE", ONE, *acts)
        burgos.delete("i-1")
        assert after_sign_in(cloud) == [f"DELETE {ONE}"] * len(acts)

    @pytest.mark.parametrize(
        ("status", "kind", "text"),
        [
            (403, Forbidden, "Image i-1 is protected and cannot be deleted."),
            (409, Conflict, "Image i-1 is in use."),
        ],
    )
    def test_a_refusal_is_the_images_own_and_in_the_services_words(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, status: int, kind: type[CloudError], text: str
    ) -> None:
        page = f"<html><head><title>T</title></head><body><h1>T</h1>{text}<br /><br />\n\n</body></html>"
        cloud.on("DELETE", ONE, Answer(status, content=page.encode()))
        with pytest.raises(kind) as caught:
            burgos.delete("i-1")
        assert caught.value.cause == f"{text} (HTTP {status})"
        assert caught.value.scope is Scope.IMAGE
        assert after_sign_in(cloud) == [f"DELETE {ONE}"]
