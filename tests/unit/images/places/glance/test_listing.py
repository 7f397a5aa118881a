"""Listings: the requests of sync 3.0 and nothing else, united, bounded in time, robust."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError, Forbidden, NotFound, Scope, ServiceFailure, Throttled, TimedOut
from fiwareglancesync.images.places import Wait
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Target
from tests.support.scripted_server import Act, Answer, Drip, ScriptedServer, Silence

from .conftest import HASTY, PROJECT, Federate

IMAGES = "/burgos/v2/images"


def image(identifier: str, **fields: Any) -> dict[str, Any]:
    return {"id": identifier, "name": f"name of {identifier}", "owner": PROJECT, "status": "active", **fields}


def page(*images: object, following: object = None) -> Answer:
    return Answer(200, {"images": list(images), **({"next": following} if following else {})})


def answers(cloud: ScriptedServer, by_query: dict[str, Act | list[Act]]) -> None:
    """Script the listing by its query; what is not named is an empty list."""
    default = page()

    def pick(target: str) -> Act:
        for query, acts in by_query.items():
            if target.partition("?")[2] == query:
                return (acts.pop(0) if len(acts) > 1 else acts[0]) if isinstance(acts, list) else acts
        return default

    cloud.decide("GET", IMAGES, pick)


OWN = f"owner={PROJECT}&limit=2"
HIDDEN = f"owner={PROJECT}&os_hidden=true&limit=2"
PUBLIC = "visibility=public&limit=2"
COMMUNITY = "visibility=community&limit=2"


def test_four_listing_requests_are_made_and_no_other(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    answers(cloud, {})
    before = len(cloud.requests)
    listing = burgos.listing()
    assert listing.images == ()
    assert (listing.region, listing.project) == ("Burgos", PROJECT)
    asked = sorted(request.target for request in cloud.requests[before:])
    assert asked == sorted(f"{IMAGES}?{query}" for query in (OWN, HIDDEN, PUBLIC, COMMUNITY))
    assert {request.headers["x-auth-token"] for request in cloud.requests[before:]} == {"token-1"}


def test_of_the_master_only_its_own_images_are_listed(
    cloud: ScriptedServer, federate: Federate, target: Target
) -> None:
    cloud.on("GET", "/spain/v2/images", page())
    federate().place(target, "Spain").listing()
    queries = sorted(request.target.partition("?")[2] for request in cloud.of("GET", "/spain/v2/images"))
    assert queries == sorted([OWN, HIDDEN])


def test_the_lists_are_united_without_doubles_oldest_first(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    mine = image("c", created_at="2020-01-03T00:00:00Z", visibility="public")
    hidden = image("h", created_at="2020-01-02T00:00:00Z", os_hidden=True)
    theirs = image("a", created_at="2020-01-03T00:00:00Z", visibility="public", owner="q" * 32)
    common = image("z", created_at="2020-01-01T00:00:00Z", visibility="community", owner="q" * 32)
    answers(
        cloud, {OWN: page(mine), HIDDEN: page(hidden), PUBLIC: page(theirs, mine), COMMUNITY: page(common)}
    )
    listing = burgos.listing()
    assert [one.id for one in listing.images] == ["z", "h", "a", "c"]
    assert [one.hidden for one in listing.images] == [False, True, False, False]


@pytest.mark.parametrize("owner", [None, ""])
def test_an_image_of_nobody_is_not_ours(cloud: ScriptedServer, burgos: OpenStackPlace, owner: str | None) -> None:
    answers(cloud, {PUBLIC: page(image("a", visibility="public", owner=owner))})
    listing = burgos.listing()
    assert [listing.owns(found) for found in listing.images] == [False]


def test_the_described_images_are_those_of_the_listing_with_the_documents_as_they_came(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    document = image("i-1", tags=["b", "a"], direct_url="rbd://x", odd={"nested": [None]}, os_hidden=True, nid="7")
    others = image("i-2", owner="other", visibility="public")
    answers(cloud, {HIDDEN: page(document), PUBLIC: page(others, image("i-3", owner="other"))})
    described = burgos.described_images()
    assert tuple(each.image for each in described) == burgos.listing().images
    assert [each.document for each in described] == [document, others]


def test_private_and_shared_images_of_others_are_not_listed(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    foreign = [image(v, visibility=v, owner="q" * 32) for v in ("private", "shared", "public")]
    answers(cloud, {PUBLIC: page(*foreign), OWN: page(image("m", visibility="shared"))})
    assert [one.id for one in burgos.listing().images] == ["m", "public"]


def test_further_pages_are_asked_at_the_same_address_whatever_next_says(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    second = f"owner={PROJECT}&limit=2&marker=b"
    first = page(image("a"), image("b"), following=f"http://192.0.2.1/v2/images?{second}")
    answers(cloud, {OWN: first, second: page(image("c"))})
    assert [one.id for one in burgos.listing().images] == ["a", "b", "c"]


def test_pages_that_go_in_a_circle_are_left(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    answers(cloud, {OWN: page(image("a"), following=f"/v2/images?{OWN}")})
    with pytest.raises(CloudError, match="circle") as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION


def test_a_page_whose_mark_was_deleted_begins_the_list_anew(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    second = f"owner={PROJECT}&limit=2&marker=b"
    first = page(image("a"), image("b"), following=f"/v2/images?{second}")
    answers(cloud, {OWN: [first, page(image("a"), image("c"))], second: Answer(404)})
    assert [one.id for one in burgos.listing().images] == ["a", "c"]


def test_a_mark_that_is_lost_each_time_is_an_error(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    second = f"owner={PROJECT}&limit=2&marker=b"
    first = page(image("a"), image("b"), following=f"/v2/images?{second}")
    answers(cloud, {OWN: first, second: Answer(404)})
    with pytest.raises(NotFound) as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, content=b"<html>not JSON"),
        Answer(200, content=b""),
        Answer(200, content=b"[" * 100_000),
        Answer(200, []),
        Answer(200, {"images": None}),
        Answer(200, {"images": [7]}),
        Answer(200, {"images": [{"name": "without id"}]}),
        Answer(200, {"images": [{"id": None}]}),
    ],
)
def test_malformed_lists_fail_the_region(
    cloud: ScriptedServer, burgos: OpenStackPlace, answer: Answer
) -> None:
    answers(cloud, {OWN: answer})
    with pytest.raises(CloudError, match="malformed answer") as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION


def test_an_image_with_nothing_but_an_id_is_listed(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    answers(cloud, {OWN: page({"id": "x", "owner": PROJECT, "name": None, "size": None, "checksum": None})})
    (one,) = burgos.listing().images
    assert (one.id, one.name, one.size, one.checksum, one.hash_value) == ("x", "", None, None, None)


def test_silence_is_a_time_out_of_the_list(cloud: ScriptedServer, federate: Federate, target: Target) -> None:
    cloud.on("GET", IMAGES, Silence())
    hurried = replace(target, list_images_timeout=0.2)  # type: ignore[arg-type]
    with pytest.raises(TimedOut, match=r"no complete image list within 0\.2 s"):
        federate().place(hurried, "Burgos").listing()


def test_a_list_that_trickles_in_is_a_time_out_too(
    cloud: ScriptedServer, federate: Federate, target: Target
) -> None:
    cloud.on("GET", IMAGES, Drip())
    hurried = replace(target, list_images_timeout=0.3)  # type: ignore[arg-type]
    with pytest.raises(TimedOut):
        federate().place(hurried, "Burgos").listing()


def test_a_service_that_recovers_is_asked_again(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    answers(cloud, {OWN: [Answer(503), Answer(500), page(image("a"))]})
    assert [one.id for one in burgos.listing().images] == ["a"]


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Forbidden), (404, NotFound), (500, ServiceFailure), (503, ServiceFailure)]
)
def test_a_refused_list_fails_the_region(
    cloud: ScriptedServer, burgos: OpenStackPlace, status: int, kind: type[CloudError]
) -> None:
    cloud.on("GET", IMAGES, Answer(status))
    with pytest.raises(kind) as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION
    assert caught.value.status == status


def test_no_further_try_after_the_last(cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
    answers(cloud, {OWN: Answer(503)})
    with pytest.raises(ServiceFailure):
        burgos.listing()
    tries = [request for request in cloud.requests if request.target == f"{IMAGES}?{OWN}"]
    assert len(tries) == HASTY.attempts


def test_a_service_that_asks_for_a_long_wait_is_not_waited_for(
    cloud: ScriptedServer, burgos: OpenStackPlace
) -> None:
    answers(cloud, {OWN: Answer(503, headers={"Retry-After": "3600"})})
    with pytest.raises(Throttled, match="it asks to wait 1h") as caught:
        burgos.listing()
    assert caught.value.scope is Scope.REGION
    assert len([request for request in cloud.requests if request.target == f"{IMAGES}?{OWN}"]) == 1


BUSY = Answer(429, {"message": "Slow down."}, headers={"Retry-After": "1"})


def test_what_the_service_has_us_wait_is_no_part_of_the_lists_time(
    cloud: ScriptedServer, federate: Federate, target: Target
) -> None:
    first = page(image("a"), following=f"/v2/images?{OWN}&marker=a")
    answers(cloud, {OWN: [BUSY, BUSY, first], f"{OWN}&marker=a": [BUSY, page(image("b"))], HIDDEN: [BUSY, page()]})
    hurried = replace(target, list_images_timeout=2.5)  # type: ignore[arg-type] # the waits alone take three seconds
    waits: list[Wait] = []
    federation = federate(replace(HASTY, wait_limit=10.0))
    federation.report_waits(waits.append)
    assert [one.id for one in federation.place(hurried, "Burgos").listing().images] == ["a", "b"]
    # Two of the queries wait at the same time, which is reported once.
    assert [wait.text for wait in waits] == ["Burgos: Glance: Slow down. (HTTP 429); waiting 1s, as it asks"] * 3


def test_it_is_bounded_all_the_same(cloud: ScriptedServer, federate: Federate, target: Target) -> None:
    answers(cloud, {OWN: BUSY})
    with pytest.raises(Throttled, match="refused for 1s"):
        federate(replace(HASTY, wait_limit=1.0)).place(target, "Burgos").listing()
