"""Requests that a service refuses for now, or does not answer: they are repeated where that is safe."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)
from fiwareglancesync.images.model import Patch
from fiwareglancesync.images.places import Wait
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Settings, Target
from tests.support.glance_images import IMAGE, IMAGES, NEW, ONE, after_sign_in, stored
from tests.support.scripted_server import Act, Answer, HangUp, ScriptedServer, token_answer

from .conftest import HASTY, Federate


class TestTokens:
    def test_an_expired_token_is_renewed_once(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", ONE, Answer(401), Answer(200, stored()))
        cloud.on("POST", "/v3/auth/tokens", token_answer({"Burgos": cloud.url}, token="token-2"))
        assert burgos.get("i-1").id == "i-1"
        assert [request.headers["x-auth-token"] for request in cloud.of("GET", ONE)] == ["token-1", "token-2"]

    def test_a_service_that_takes_no_token_fails_the_region(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", ONE, Answer(401, {"message": "no"}))
        with pytest.raises(Unauthorized) as caught:
            burgos.get("i-1")
        assert caught.value.scope is Scope.REGION
        assert len(cloud.of("GET", ONE)) == 2
        assert len(cloud.of("POST", "/v3/auth/tokens")) == 2

    @pytest.mark.parametrize(("passed", "sign_ins"), [(0.0, 1), (3479.0, 1), (3481.0, 2)])
    def test_a_token_lasts_as_long_as_it_was_granted_for_whatever_the_time_of_day_is_here(
        self,
        cloud: ScriptedServer,
        federate: Federate,
        target: Target,
        passed: float,
        sign_ins: int,
    ) -> None:
        now = [1000.0]
        # By the clock of this machine it ended years ago.
        endpoints = {"Burgos": f"{cloud.url}/burgos"}
        hour = token_answer(endpoints, token="hour", expires="2020-01-01T01:00:00.000000Z")
        cloud.on("POST", "/v3/auth/tokens", hour)
        cloud.on("GET", ONE, Answer(401), Answer(200, stored()))
        burgos = federate(replace(HASTY, clock=lambda: now[0])).place(target, "Burgos")
        burgos.get("i-1")
        before = len(cloud.of("POST", "/v3/auth/tokens"))
        now[0] += passed
        for _ in range(3):
            burgos.get("i-1")
        assert len(cloud.of("POST", "/v3/auth/tokens")) == before + sign_ins - 1

    @pytest.mark.parametrize("expires", ["2020-01-01T00:00:00.000000Z", "2019-01-01T00:00:00.000000Z"])
    def test_a_token_that_ends_before_it_begins_is_used_until_it_is_refused(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, expires: str
    ) -> None:
        cloud.on("POST", "/v3/auth/tokens", token_answer({"Burgos": cloud.url}, token="odd", expires=expires))
        cloud.on("GET", ONE, Answer(401), Answer(200, stored()))
        for _ in range(3):
            burgos.get("i-1")
        assert len(cloud.of("POST", "/v3/auth/tokens")) == 2

    def test_the_refusal_of_a_renewal_names_target_and_keystone(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", ONE, Answer(401))
        cloud.on("POST", "/v3/auth/tokens", Answer(401))
        with pytest.raises(Unauthorized, match=r"^target master: Keystone at .* refused the credential"):
            burgos.get("i-1")


BUSY_429 = Answer(429, {"message": "Slow down."}, headers={"Retry-After": "1"})

BUSY_503 = replace(BUSY_429, status=503)

BUSY_413 = Answer(413, {"overLimit": {"code": 413, "message": "Slow down.", "retryAfter": "1"}})


class TestRefusalsForNow:
    """A service that refuses for now is waited for, whatever was asked (sync 3.11)."""

    @pytest.fixture
    def waits(self) -> list[Wait]:
        """What was reported."""
        return []

    @pytest.fixture
    def slow(self, federate: Federate, target: Target, waits: list[Wait]) -> OpenStackPlace:
        """A region that may have us wait for some seconds; how long it does is reported."""
        made = federate(replace(HASTY, wait_limit=3.0))
        made.report_waits(waits.append)
        return made.place(target, "Burgos")

    @pytest.mark.parametrize(
        ("method", "path", "refusal", "act"),
        [
            ("POST", IMAGES, BUSY_429, lambda place: place.create(NEW)),
            ("GET", ONE, BUSY_503, lambda place: place.get("i-1")),
            ("PATCH", ONE, BUSY_413, lambda place: place.update(IMAGE, Patch(name="new"))),
            ("DELETE", ONE, BUSY_429, lambda place: place.delete("i-1")),
            ("GET", f"{ONE}/file", BUSY_503, lambda place: place.download("i-1").__enter__()),
        ],
        ids=["create", "get", "update", "delete", "download"],
    )
    def test_it_is_waited_for_as_it_asks_and_that_is_reported_once(
        self,
        cloud: ScriptedServer,
        slow: OpenStackPlace,
        waits: list[Wait],
        refusal: Answer,
        method: str,
        path: str,
        act: Callable[[OpenStackPlace], object],
    ) -> None:
        cloud.on(method, path, refusal, Answer(200, stored()))
        begun = time.monotonic()
        act(slow)
        assert time.monotonic() - begun >= 1.0
        assert len(cloud.of(method, path)) == 2
        text = f"Burgos: Glance: Slow down. (HTTP {refusal.status}); waiting 1s, as it asks"
        assert waits == [Wait("Burgos", 1.0, text)]

    def test_so_is_the_keystone(self, cloud: ScriptedServer, target: Target, waits: list[Wait]) -> None:
        granted = token_answer({"Burgos": f"{cloud.url}/burgos"})
        busy = Answer(429, {"error": {"message": "Slow down."}}, headers={"Retry-After": "1"})
        cloud.on("POST", "/v3/auth/tokens", busy, granted)
        cloud.on("GET", "/", busy, Answer(300, {"versions": {"values": [{"id": "v3.14"}]}}))
        found = replace(target, credential=replace(target.credential, auth_url=cloud.url))
        federation = OpenStackFederation(Settings("Burgos", {"master": found}), replace(HASTY, wait_limit=3.0))
        federation.report_waits(waits.append)
        assert federation.regions(found) == ["Burgos"]
        text = f"Keystone at {cloud.url}: Slow down. (HTTP 429); waiting 1s, as it asks"
        assert waits == [Wait("", 1.0, text)] * 2

    def test_a_keystone_that_was_waited_for_in_vain_is_not_waited_for_by_everybody(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        cloud.on("POST", "/v3/auth/tokens", Answer(429, headers={"Retry-After": "3600"}))
        now = [0.0]
        tuning = replace(HASTY, clock=lambda: now[0])
        federation = OpenStackFederation(Settings("Burgos", {"master": target}), tuning)
        for _ in range(3):
            with pytest.raises(Throttled, match=r"^target master: Keystone at .* it asks to wait 1h"):
                federation.regions(target)
        assert len(cloud.of("POST", "/v3/auth/tokens")) == 1
        cloud.on("POST", "/v3/auth/tokens", token_answer({"Burgos": cloud.url}))
        now[0] += 61.0
        assert federation.regions(target) == ["Burgos"]

    def test_one_that_does_not_say_how_long_is_asked_again_until_patience_is_spent(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", ONE, Answer(429, {"message": "Slow down."}))
        with pytest.raises(Throttled, match=r"Slow down\. \(HTTP 429\); refused for .*retry_timeout is") as caught:
            burgos.get("i-1")
        assert (caught.value.retryable, caught.value.scope) == (False, Scope.REGION)
        assert len(cloud.of("GET", ONE)) > HASTY.attempts

    def test_one_that_asks_for_hours_is_not_waited_for(
        self, cloud: ScriptedServer, slow: OpenStackPlace, waits: list[Wait]
    ) -> None:
        cloud.on("GET", ONE, Answer(503, {"message": "Tomorrow."}, headers={"Retry-After": "10800"}))
        with pytest.raises(Throttled) as caught:
            slow.get("i-1")
        assert str(caught.value) == "Tomorrow. (HTTP 503); it asks to wait 3h, retry_timeout allows 3s"
        assert (len(cloud.of("GET", ONE)), waits) == (1, [])

    def test_failures_after_a_refusal_have_their_own_patience(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        place = federate(replace(HASTY, wait_limit=5.0, retry_limit=2.5)).place(target, "Burgos")
        wait = Answer(429, headers={"Retry-After": "3"})
        cloud.on("GET", ONE, wait, Answer(500), Answer(500), Answer(200, stored()))
        assert place.get("i-1").id == "i-1"


class TestPersistence:
    def test_transient_failures_are_tried_again(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", ONE, Answer(503, headers={"Retry-After": "0"}), HangUp(), Answer(200, stored()))
        assert burgos.get("i-1").id == "i-1"

    @pytest.mark.parametrize("act", [Answer(503), Answer(503, headers={"Retry-After": "0"}), Answer(500), HangUp()])
    def test_only_a_few_times(self, cloud: ScriptedServer, burgos: OpenStackPlace, act: Act) -> None:
        cloud.on("GET", ONE, act)
        with pytest.raises((ServiceFailure, Unreachable)):
            burgos.get("i-1")
        assert len(cloud.of("GET", ONE)) == HASTY.attempts

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, Rejected),
            (403, Forbidden),
            (404, NotFound),
            (409, Conflict),
            (413, QuotaExceeded),
            (415, Rejected),
        ],
    )
    def test_refusals_are_not_tried_again(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, status: int, kind: type[CloudError]
    ) -> None:
        cloud.on("POST", IMAGES, Answer(status, {"message": "image_count_total is over limit"}))
        with pytest.raises(kind):
            burgos.create(NEW)
        assert after_sign_in(cloud) == [f"POST {IMAGES}"]

    def test_the_request_id_is_kept(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", ONE, Answer(404, headers={"X-Openstack-Request-Id": "req-77"}))
        with pytest.raises(NotFound) as caught:
            burgos.get("i-1")
        assert caught.value.request_id == "req-77"

    def test_a_redirect_is_not_followed(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", ONE, Answer(302, headers={"Location": f"{cloud.url}/elsewhere?token=x"}))
        with pytest.raises(CloudError, match=f"redirected to {cloud.url}/elsewhere; use the final address"):
            burgos.get("i-1")
        assert after_sign_in(cloud) == [f"GET {ONE}"]

    def test_kept_alive_connections_are_used_again(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", ONE, Answer(200, stored()))
        for _ in range(3):
            burgos.get("i-1")
        assert len({request.connection for request in cloud.of("GET", ONE)}) == 1
