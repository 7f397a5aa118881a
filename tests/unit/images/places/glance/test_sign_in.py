"""Signing in: one discovery, one token, and clear words when it fails."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Rejected,
    Scope,
    ServiceFailure,
    TimedOut,
    Unauthorized,
    UnknownRegion,
)
from fiwareglancesync.images.places import PlaceIdentity, is_same_region
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from tests.support.scripted_server import Answer, ScriptedServer, Silence, token_answer

from .conftest import HASTY, PASSWORD, PROJECT, Federate

VERSIONS = {
    "versions": {"values": [{"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": "x"}]}]}
}
TOKENS = "POST /v3/auth/tokens"


def regions(target: Target) -> list[str]:
    return list(OpenStackFederation(Settings("Spain", {"master": target}), HASTY).regions(target))


def with_url(target: Target, url: str) -> Target:
    return replace(target, credential=replace(target.credential, auth_url=url))


def test_the_regions_are_those_with_an_image_endpoint_in_order(cloud: ScriptedServer, target: Target) -> None:
    assert regions(target) == ["Burgos", "Spain"]
    assert cloud.lines == [TOKENS]


@pytest.mark.parametrize("end", ["", "/", "/v2.0", "/v2.0/"])
def test_a_keystone_without_version_3_in_its_address_is_discovered_once(
    cloud: ScriptedServer, target: Target, end: str
) -> None:
    cloud.on("GET", "/", Answer(300, VERSIONS))
    assert regions(with_url(target, cloud.url + end)) == ["Burgos", "Spain"]
    assert cloud.lines == ["GET /", TOKENS]


@pytest.mark.parametrize("end", ["/v3", "/v3/"])
def test_an_address_that_states_version_3_needs_no_discovery(
    cloud: ScriptedServer, target: Target, end: str
) -> None:
    assert regions(with_url(target, cloud.url + end)) == ["Burgos", "Spain"]
    assert cloud.lines == [TOKENS]


def test_a_keystone_below_a_path_is_discovered_there(cloud: ScriptedServer, target: Target) -> None:
    cloud.on("GET", "/identity/", Answer(300, VERSIONS))
    cloud.on("POST", "/identity/v3/auth/tokens", token_answer({"X": cloud.url}))
    assert regions(with_url(target, f"{cloud.url}/identity")) == ["X"]


def test_the_password_goes_to_the_configured_host_whatever_the_discovery_says(
    cloud: ScriptedServer, target: Target
) -> None:
    elsewhere = {"id": "v3.0", "status": "stable", "links": [{"rel": "self", "href": "http://192.0.2.1/v3/"}]}
    cloud.on("GET", "/", Answer(300, {"versions": {"values": [elsewhere]}}))
    assert regions(with_url(target, cloud.url)) == ["Burgos", "Spain"]


def test_two_targets_with_one_credential_share_one_token(cloud: ScriptedServer, target: Target) -> None:
    other = replace(target, name="other")
    federation = OpenStackFederation(Settings("Spain", {"master": target, "other": other}), HASTY)
    federation.regions(target)
    federation.regions(other)
    assert federation.place(other, "Burgos").name == "other:Burgos"
    assert federation.place(target, "Spain").name == "Spain"
    assert cloud.lines == [TOKENS]


def test_the_place_knows_its_project_and_identity_without_another_request(
    cloud: ScriptedServer, federate: Federate, target: Target
) -> None:
    inside = {"interface": "internal", "region_id": "Spain", "url": "http://Inside.Example.org:80/v2"}
    endpoints = {"Spain": f"{cloud.url}/spain/v2/"}
    cloud.on("POST", "/v3/auth/tokens", token_answer(endpoints, project=PROJECT, other_endpoints=[inside]))
    place = federate().place(target, "Spain")
    assert place.project == PROJECT
    listed = frozenset([f"{cloud.url}/spain", "http://inside.example.org"])
    assert place.identity == PlaceIdentity(cloud.url, "Spain", PROJECT, f"{cloud.url}/spain", addresses=listed)
    assert cloud.lines == [TOKENS]


def test_two_interfaces_of_a_region_are_one_place(cloud: ScriptedServer, target: Target) -> None:
    inside = {"interface": "internal", "region_id": "Spain", "url": f"{cloud.url}/inside"}
    endpoints = {"Spain": f"{cloud.url}/spain"}
    cloud.on("POST", "/v3/auth/tokens", token_answer(endpoints, project=PROJECT, other_endpoints=[inside]))
    other = Target("other", replace(target.credential, interface="internalURL"))
    federation = OpenStackFederation(Settings("Spain", {"master": target, "other": other}), HASTY)
    one, two = (federation.place(each, "Spain").identity for each in (target, other))
    assert one.address != two.address == f"{cloud.url}/inside"
    assert is_same_region(one, two)
    assert set(one.lock_keys) & set(two.lock_keys)
    assert one.task_key == two.task_key


def test_user_password_project_and_domains_are_sent(cloud: ScriptedServer, target: Target) -> None:
    regions(target)
    (request,) = cloud.of("POST", "/v3/auth/tokens")
    assert request.document["auth"] == {
        "identity": {
            "methods": ["password"],
            "password": {"user": {"name": "carla", "password": PASSWORD, "domain": {"name": "Default"}}},
        },
        "scope": {"project": {"name": "project", "domain": {"name": "Default"}}},
    }
    assert request.headers["user-agent"].startswith("glancesync/")


def test_domain_ids_and_a_project_id_win_over_the_default_domain(
    cloud: ScriptedServer, target: Target
) -> None:
    given = replace(target.credential, user_domain_id="ud", project_id="42")
    regions(replace(target, credential=given))
    (request,) = cloud.of("POST", "/v3/auth/tokens")
    auth = request.document["auth"]
    assert auth["identity"]["password"]["user"]["domain"] == {"id": "ud"}
    assert auth["scope"] == {"project": {"id": "42"}}


def test_an_application_credential_signs_in_without_scope(cloud: ScriptedServer) -> None:
    given = Credential(
        auth_url=f"{cloud.url}/v3", application_credential_id="ac", application_credential_secret=PASSWORD
    )
    assert regions(Target("master", given)) == ["Burgos", "Spain"]
    (request,) = cloud.of("POST", "/v3/auth/tokens")
    assert request.document["auth"] == {
        "identity": {
            "methods": ["application_credential"],
            "application_credential": {"id": "ac", "secret": PASSWORD},
        }
    }


def test_a_refused_credential_names_target_keystone_and_user(cloud: ScriptedServer, target: Target) -> None:
    cloud.on("POST", "/v3/auth/tokens", Answer(401, {"error": {"code": 401, "message": "no", "title": "no"}}))
    with pytest.raises(Unauthorized) as caught:
        regions(target)
    assert str(caught.value).startswith(
        f"target master: Keystone at {cloud.url}/v3 refused the credential of user carla (401)"
    )
    assert caught.value.scope is Scope.TARGET
    assert cloud.lines == [TOKENS], "a refused password is not tried again"


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Answer(500, {"error": {"message": f"boom {PASSWORD[:3]}"}}), ServiceFailure),
        (Answer(503), ServiceFailure),
        (Answer(404), Rejected),
        (Answer(302, headers={"Location": "http://192.0.2.7/v3"}), CloudError),
        (Answer(201, content=b"<html>"), CloudError),
        (Answer(201, {"token": []}), CloudError),
        (Answer(200, content=b"\xff\xfe"), CloudError),
    ],
)
def test_a_failing_keystone_is_one_clear_line_without_secret(
    cloud: ScriptedServer, target: Target, act: Answer, kind: type[CloudError]
) -> None:
    cloud.on("POST", "/v3/auth/tokens", act)
    with pytest.raises(kind) as caught:
        regions(target)
    text = str(caught.value)
    assert text.startswith(f"target master: Keystone at {cloud.url}/v3")
    assert "\n" not in text
    assert PASSWORD not in text
    assert caught.value.scope is Scope.TARGET


def test_a_keystone_that_recovers_is_waited_for(cloud: ScriptedServer, target: Target) -> None:
    good = token_answer({"Madrid": cloud.url})
    cloud.on("POST", "/v3/auth/tokens", Answer(503), Answer(503), good)
    assert regions(target) == ["Madrid"]
    assert cloud.lines == [TOKENS] * 3


def test_a_silent_keystone_times_out(cloud: ScriptedServer, target: Target) -> None:
    cloud.on("POST", "/v3/auth/tokens", Silence())
    federation = OpenStackFederation(
        Settings("Spain", {"master": target}), replace(HASTY, control=0.1, retry_limit=0.0)
    )
    with pytest.raises(TimedOut, match="did not answer in time"):
        federation.regions(target)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("keystone.example.com:5000/v3", "no usable http or https address"),
        ("ftp://keystone/v3", "no usable http or https address"),
        ("http://[::1", "no usable http or https address"),
        ("", "no usable http or https address"),
    ],
)
def test_an_unusable_address_is_reported(target: Target, url: str, says: str) -> None:
    with pytest.raises(CloudError, match=says):
        regions(with_url(target, url))


def test_an_unknown_host_is_reported(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CloudError, match="host name cannot be resolved \\(Name or service not known\\)"):
        regions(with_url(target, "http://keystone.example.com/v3"))


def test_nobody_at_the_address_is_reported(target: Target) -> None:
    dead = ScriptedServer()
    url = dead.url
    with dead.running():
        pass
    with pytest.raises(CloudError, match="does not answer \\(connection refused\\)"):
        regions(with_url(target, f"{url}/v3"))


def test_a_user_and_password_in_the_address_are_not_shown(cloud: ScriptedServer, target: Target) -> None:
    cloud.on("POST", "/v3/auth/tokens", Answer(503))
    host = cloud.url.removeprefix("http://")
    with pytest.raises(ServiceFailure) as caught:
        regions(with_url(target, f"http://carla:{PASSWORD}@{host}/v3"))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("document", [{"versions": {"values": [{"id": "v2.0"}]}}, {}, [], {"versions": 3}])
def test_what_is_no_keystone_3_is_reported(cloud: ScriptedServer, target: Target, document: object) -> None:
    cloud.on("GET", "/", Answer(200, document))
    with pytest.raises(Rejected, match=r"is no Keystone( v3)?: it .*; check host, port and path$"):
        regions(with_url(target, cloud.url))


def test_an_unknown_region_names_the_known_and_the_nearest(federate: Federate, target: Target) -> None:
    with pytest.raises(UnknownRegion) as caught:
        federate().place(target, "Burgo")
    assert str(caught.value) == (
        "Burgo: unknown region; the regions of target master are: Burgos, Spain; did you mean Burgos?"
    )


def test_endpoints_of_the_wanted_interface_are_taken(cloud: ScriptedServer, target: Target) -> None:
    internal = {"interface": "internal", "region_id": "Inside", "url": cloud.url}
    cloud.on("POST", "/v3/auth/tokens", token_answer({"Out": cloud.url}, other_endpoints=[internal]))
    assert regions(target) == ["Out"]
    inside = replace(target, credential=replace(target.credential, interface="internalURL"))
    assert regions(inside) == ["Inside"]


def test_a_credential_without_project_is_reported(cloud: ScriptedServer, target: Target) -> None:
    answer = token_answer({"Spain": cloud.url})
    del answer.document["token"]["project"]
    cloud.on("POST", "/v3/auth/tokens", answer)
    with pytest.raises(Rejected, match="gives no project"):
        regions(target)


def test_a_missing_authority_file_is_reported(target: Target) -> None:
    given = replace(target.credential, auth_url="https://127.0.0.1:9/v3", cacert="/nowhere/ca.pem")
    with pytest.raises(CloudError, match=r"/nowhere/ca\.pem"):
        regions(replace(target, credential=given))


@pytest.mark.parametrize(
    ("issued", "expires"), [("2020-01-01T00:00:00Z", "soon"), ("2020-13-01T00:00:00Z", "2099-01-01T00:00:00Z")]
)
def test_a_token_whose_times_make_no_sense_is_reported(
    cloud: ScriptedServer, target: Target, issued: str, expires: str
) -> None:
    cloud.on("POST", "/v3/auth/tokens", token_answer({"Burgos": cloud.url}, issued=issued, expires=expires))
    with pytest.raises(Rejected, match="sent a malformed token"):
        regions(target)
