"""Image services that are not where the catalog or the configuration says: the message leads to the address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    NotFound,
    PropertyRefused,
    Rejected,
    Scope,
    Unauthorized,
    UnknownRegion,
)
from fiwareglancesync.images.model import Image, Patch
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.region_names import resolve_regions
from fiwareglancesync.images.settings import Settings, Target
from tests.support.scripted_server import Answer, ScriptedServer, token_answer

from .conftest import HASTY, PROJECT

NGINX = (
    b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    b"<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body></html>"
)
APACHE = (
    b"<html><head><title>413 Request Entity Too Large</title></head><body><h1>Request Entity Too Large</h1>"
    b"The requested resource does not allow request data with PUT requests, or the amount of data provided in the "
    b"request exceeds the capacity limit. </body></html>"
)


def endpoint(cloud: ScriptedServer, region: str, interface: str) -> dict[str, str]:
    """An endpoint of a catalog."""
    return {"interface": interface, "region_id": region, "region": region, "url": f"{cloud.url}/{region}"}


def federation(target: Target) -> OpenStackFederation:
    return OpenStackFederation(Settings("Spain", {"master": target}), HASTY)


@pytest.mark.parametrize("status", [404, 410, 300])
def test_a_listing_that_is_not_there_names_the_address(
    cloud: ScriptedServer, burgos: OpenStackPlace, status: int
) -> None:
    cloud.on("GET", "/burgos/v2/images", Answer(status, content=b"<h1>Not Found</h1>"))
    with pytest.raises(CloudError, match=rf"^Glance at {cloud.url}/burgos/v2/images: .*HTTP {status}") as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION


def test_several_versions_are_no_redirection(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    cloud.on("GET", "/burgos/v2/images", Answer(300, {"versions": []}))
    with pytest.raises(CloudError, match="the service does not know this path; check the path of its address"):
        burgos.listing()


def test_an_image_that_is_not_there_is_in_the_words_of_the_service(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    cloud.on("GET", "/burgos/v2/images/i-1", Answer(404, content=b"404 Not Found\n\nNo image found with ID i-1\n"))
    with pytest.raises(NotFound, match=r"^No image found with ID i-1 \(HTTP 404\)$"):
        burgos.get("i-1")


def test_a_glance_that_does_not_accept_a_new_token_is_explained(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    cloud.on("GET", "/burgos/v2/images", Answer(401, content=b"Authentication required"))
    with pytest.raises(Unauthorized, match=r"Authentication required \(HTTP 401\); this Glance does not accept a new"):
        burgos.listing()


@pytest.mark.parametrize("page", [NGINX, APACHE, b""])
def test_a_limit_of_a_proxy_is_not_one_of_glance(
    cloud: ScriptedServer, burgos: OpenStackPlace, page: bytes
) -> None:
    cloud.on("PUT", "/burgos/v2/images/i-1/file", Answer(413, content=page))
    with pytest.raises(Rejected, match="a proxy or web server before this Glance limits the size") as caught:
        burgos.upload("i-1", Body(4, lambda: iter([b"1234"])))
    assert caught.value.scope is Scope.IMAGE, "smaller images may go through"


class TestInterfaces:
    def test_a_catalog_without_the_interface_names_those_that_there_are(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        other = [endpoint(cloud, "Spain", "internal"), endpoint(cloud, "Spain", "admin")]
        cloud.on("POST", "/v3/auth/tokens", token_answer({}, project=PROJECT, other_endpoints=other))
        with pytest.raises(Rejected) as caught:
            federation(target).regions(target)
        assert str(caught.value) == (
            "target master: the catalog has no public endpoint of an image service, only admin, internal; "
            "set interface (OS_INTERFACE)"
        )
        internal = replace(target, credential=replace(target.credential, interface="internal"))
        assert federation(internal).regions(internal) == ["Spain"]

    def test_a_region_without_the_interface_names_those_that_it_has(
        self, cloud: ScriptedServer, target: Target
    ) -> None:
        endpoints = {"Spain": f"{cloud.url}/spain"}
        other = [endpoint(cloud, "Burgos", "internal")]
        cloud.on("POST", "/v3/auth/tokens", token_answer(endpoints, project=PROJECT, other_endpoints=other))
        reason = "^Burgos: the catalog has no public endpoint of an image service, only internal; set interface"
        with pytest.raises(UnknownRegion, match=reason):
            federation(target).place(target, "Burgos")
        with pytest.raises(UnknownRegion, match=reason):
            resolve_regions(["Burgos"], Settings("Spain", {"master": target}), federation(target))

    def test_a_region_without_images_is_not_called_unknown(self, cloud: ScriptedServer, target: Target) -> None:
        answer = token_answer({"Spain": f"{cloud.url}/spain"}, project=PROJECT)
        identity = answer.document["token"]["catalog"][0]
        identity["endpoints"].append(endpoint(cloud, "Burgos", "public"))
        cloud.on("POST", "/v3/auth/tokens", answer)
        with pytest.raises(UnknownRegion, match=r"^Burgos: the catalog has no image service in this region; the reg"):
            federation(target).place(target, "Burgos")


def test_too_many_tags_can_be_mended(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    words = "The limit has been exceeded on the number of allowed image tags. Attempted: 129, Maximum: 128:"
    cloud.on("PUT", "/burgos/v2/images/i-1/tags/x", Answer(413, content=f"<h1>413</h1>{words}<br />".encode()))
    with pytest.raises(PropertyRefused) as caught:
        burgos.update(Image("i-1", "n", "Burgos"), Patch(tags=("x",)))
    assert str(caught.value) == (
        f"{words.rstrip(':')} (HTTP 413); remove tags from the image, or raise image_tag_quota of this Glance"
    )
