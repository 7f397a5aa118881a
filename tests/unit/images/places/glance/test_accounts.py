"""What an account may be beside a name and a password, and which addresses of the catalog it uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError, Rejected, Scope, Unauthorized
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from tests.support.scripted_server import Answer, ScriptedServer, token_answer

from .conftest import HASTY, PASSWORD

TOKENS = "/v3/auth/tokens"


def federation(target: Target) -> OpenStackFederation:
    return OpenStackFederation(Settings("Spain", {"master": target}), HASTY)


def with_fields(target: Target, **fields: Any) -> Target:
    return replace(target, credential=replace(target.credential, **fields))


def sent(cloud: ScriptedServer) -> dict[str, Any]:
    """What the last sign-in said."""
    found: dict[str, Any] = cloud.of("POST", TOKENS)[-1].document["auth"]
    return found


class TestUsers:
    def test_an_id_needs_no_domain(self, cloud: ScriptedServer, target: Target) -> None:
        federation(with_fields(target, username="", user_id="uid")).regions(
            with_fields(target, username="", user_id="uid")
        )
        assert sent(cloud)["identity"]["password"]["user"] == {"id": "uid", "password": PASSWORD}

    def test_an_application_credential_by_name_may_have_one(self, cloud: ScriptedServer) -> None:
        given = Credential(
            auth_url=f"{cloud.url}/v3",
            user_id="uid",
            application_credential_name="n",
            application_credential_secret=PASSWORD,
        )
        target = Target("master", given)
        federation(target).regions(target)
        assert sent(cloud)["identity"]["application_credential"] == {
            "name": "n",
            "secret": PASSWORD,
            "user": {"id": "uid"},
        }


class TestOtherTypes:
    def test_a_token_is_exchanged_for_one_of_the_project(self, cloud: ScriptedServer) -> None:
        given = Credential(
            auth_url=f"{cloud.url}/v3", project_name="p", auth_type="v3token", auth_options=(("token", "given"),)
        )
        target = Target("master", given)
        assert federation(target).regions(target) == ["Burgos", "Spain"]
        assert sent(cloud) == {
            "identity": {"methods": ["token"], "token": {"id": "given"}},
            "scope": {"project": {"name": "p", "domain": {"name": "Default"}}},
        }
        assert "given" not in repr(given)

    def test_a_passcode_signs_in(self, cloud: ScriptedServer, target: Target) -> None:
        wanted = with_fields(target, password="", auth_type="v3totp", auth_options=(("passcode", "123"),))
        federation(wanted).regions(wanted)
        assert sent(cloud)["identity"]["totp"]["user"]["passcode"] == "123"

    def test_a_public_client_has_no_secret(self, cloud: ScriptedServer, target: Target) -> None:
        cloud.on("POST", "/idp/token", Answer(200, {"access_token": "of-the-provider"}))
        cloud.on("POST", self.FEDERATED, token_answer({}, token="unscoped"))
        public = [option for option in self.OPENID if option[0] != "client_secret"]
        options = (*public, ("access_token_endpoint", f"{cloud.url}/idp/token"))
        wanted = with_fields(target, auth_type="v3oidcpassword", auth_options=options)
        assert federation(wanted).regions(wanted) == ["Burgos", "Spain"]
        assert b"client_id=client" in cloud.requests[0].body

    OPENID = (
        ("identity_provider", "idp"),
        ("protocol", "openid"),
        ("client_id", "client"),
        ("client_secret", "s3cret"),
    )
    FEDERATED = "/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth"

    def test_open_id_connect_asks_the_provider_and_then_keystone(self, cloud: ScriptedServer, target: Target) -> None:
        cloud.on("POST", "/idp/token", Answer(200, {"access_token": "of-the-provider"}))
        cloud.on("POST", self.FEDERATED, token_answer({}, token="unscoped"))
        options = (*self.OPENID, ("access_token_endpoint", f"{cloud.url}/idp/token"))
        wanted = with_fields(target, auth_type="v3oidcpassword", auth_options=options)
        assert federation(wanted).regions(wanted) == ["Burgos", "Spain"]
        assert cloud.lines == ["POST /idp/token", f"POST {self.FEDERATED}", f"POST {TOKENS}"]
        asked, shown, _ = cloud.requests
        assert b"grant_type=password" in asked.body
        assert b"username=carla" in asked.body
        assert shown.headers["authorization"] == "Bearer of-the-provider"
        assert sent(cloud)["identity"] == {"methods": ["token"], "token": {"id": "unscoped"}}

    def test_a_provider_that_refuses_is_reported_as_a_refusal(self, cloud: ScriptedServer, target: Target) -> None:
        cloud.on("POST", "/idp/token", Answer(401, {}))
        options = (*self.OPENID, ("access_token_endpoint", f"{cloud.url}/idp/token"))
        wanted = with_fields(target, auth_type="v3oidcclientcredentials", username="", auth_options=options)
        with pytest.raises(Unauthorized, match="refused the credential of auth_type v3oidcclientcred") as caught:
            federation(wanted).regions(wanted)
        assert "s3cret" not in str(caught.value)

    def test_a_provider_that_names_no_endpoint_is_reported(self, cloud: ScriptedServer, target: Target) -> None:
        wanted = with_fields(target, auth_type="v3oidcpassword", auth_options=self.OPENID)
        with pytest.raises(CloudError) as caught:
            federation(wanted).regions(wanted)
        assert "v3oidcpassword" in str(caught.value)
        assert "discovery" in str(caught.value).lower()

    def test_one_that_keystoneauth_does_not_have_is_reported(self, target: Target) -> None:
        wanted = with_fields(target, auth_type="v3nothing")
        with pytest.raises(Rejected, match="auth_type v3nothing cannot be used"):
            federation(wanted).regions(wanted)


def catalog(cloud: ScriptedServer, *endpoints: tuple[str, str, str]) -> Answer:
    """A token whose catalog has these interfaces, regions and paths."""
    listed = [
        {"interface": interface, "region_id": region, "url": f"{cloud.url}/{path}"}
        for interface, region, path in endpoints
    ]
    return token_answer({}, other_endpoints=listed)


class TestInterfaces:
    @pytest.mark.parametrize(
        ("interface", "spain", "burgos"),
        [
            ("internal,public", "/inside", "/burgos"),
            ("public,internal", "/outside", "/burgos"),
            ("admin,internal", "/inside", None),
            ("internal", "/inside", None),
        ],
    )
    def test_each_region_is_used_by_the_first_that_it_offers(
        self, cloud: ScriptedServer, target: Target, interface: str, spain: str, burgos: str | None
    ) -> None:
        endpoints = [("public", "Spain", "outside"), ("internal", "Spain", "inside"), ("public", "Burgos", "burgos")]
        cloud.on("POST", TOKENS, catalog(cloud, *endpoints))
        wanted = with_fields(target, interface=interface)
        found = federation(wanted)
        assert found.place(wanted, "Spain").identity.address == f"{cloud.url}{spain}"
        assert found.regions(wanted) == ["Spain"] if burgos is None else ["Burgos", "Spain"]
        if burgos is not None:
            assert found.place(wanted, "Burgos").identity.address == f"{cloud.url}{burgos}"


class TestOverrides:
    def addresses(self, target: Target, regions: Sequence[str]) -> list[str]:
        found = federation(target)
        return [found.place(target, region).identity.address for region in regions]

    def test_an_address_takes_the_place_of_the_catalogs_in_its_region_alone(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        wanted = with_fields(target, image_endpoints=(("Burgos", "http://127.0.0.1:9/glance/v2"),))
        assert self.addresses(wanted, ["Spain", "Burgos"]) == [f"{cloud.url}/spain", "http://127.0.0.1:9/glance"]

    def test_a_region_without_an_image_service_in_the_catalog_may_have_one(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        cloud.on("POST", TOKENS, catalog(cloud, ("public", "Spain", "spain"), ("admin", "Burgos", "x")))
        wanted = with_fields(target, image_endpoints=(("Burgos", "http://127.0.0.1:9"),))
        assert federation(wanted).regions(wanted) == ["Burgos", "Spain"]

    def test_one_for_no_region_is_for_the_only_one(self, cloud: ScriptedServer, target: Target) -> None:
        cloud.on("POST", TOKENS, catalog(cloud, ("public", "Spain", "spain")))
        wanted = with_fields(target, image_endpoints=(("", "http://127.0.0.1:9"),))
        assert self.addresses(wanted, ["Spain"]) == ["http://127.0.0.1:9"]

    @pytest.mark.parametrize(
        ("region", "reported"),
        [
            ("", r"names no region, and the catalog has 2 \(Burgos, Spain\); write REGION=ADDRESS"),
            ("burgos", "names the region burgos, which the catalog does not have; did you mean Burgos"),
        ],
    )
    def test_it_must_be_clear_which_region_is_meant(self, target: Target, region: str, reported: str) -> None:
        wanted = with_fields(target, image_endpoints=((region, "http://127.0.0.1:9"),))
        with pytest.raises(Rejected, match=f"target master: image_endpoint_override {reported}") as caught:
            federation(wanted).regions(wanted)
        assert caught.value.scope is Scope.TARGET

    def test_a_region_does_not_fetch_from_an_address_that_only_we_know(self, target: Target) -> None:
        wanted = with_fields(target, image_endpoints=(("Spain", "http://127.0.0.1:9"),))
        found = federation(wanted)
        refusal = found.place(wanted, "Burgos").why_unable_to_import(found.place(wanted, "Spain"))
        assert refusal is not None
        assert refusal.startswith("the master's address is not the catalog's")


def test_a_target_that_cannot_be_used_is_not_contacted(cloud: ScriptedServer, target: Target) -> None:
    broken = replace(target, name="other", problem="FILE:2: [other] cloud: no such entry")
    with pytest.raises(Rejected, match=r"^FILE:2: \[other\] cloud: no such entry$"):
        federation(broken).regions(broken)
    with pytest.raises(Rejected):
        federation(broken).place(broken, "Spain")
    assert cloud.lines == []
