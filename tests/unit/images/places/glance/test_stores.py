"""A configured store that the region does not have: said once, with what the region has (sync 2, ``store``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import CloudError, Scope
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.settings import Target
from tests.support.scripted_server import Answer, ScriptedServer

from .conftest import Federate

FILE = "/burgos/v2/images/i-1/file"
STORES = "/burgos/v2/info/stores"
REFUSAL = {"message": "Store for identifier fast not found"}


def refused(cloud: ScriptedServer, federate: Federate, target: Target, answer: Answer, store: str) -> CloudError:
    """The error of an upload into a store that the region answers this to."""
    cloud.on("PUT", FILE, answer)
    place = federate().place(replace(target, store=store), "Burgos")
    with pytest.raises(CloudError) as caught:
        place.upload("i-1", Body(1, lambda: iter([b"x"])))
    return caught.value


@pytest.mark.parametrize("status", [400, 409])
def test_the_key_and_the_regions_stores_are_reported_and_no_other_image_is_tried(
    cloud: ScriptedServer, federate: Federate, target: Target, status: int
) -> None:
    cloud.on("GET", STORES, Answer(200, {"stores": [{"id": "slow"}, {"id": "archive", "default": True}]}))
    error = refused(cloud, federate, target, Answer(status, REFUSAL), "fast")
    assert str(error) == (
        f"Store for identifier fast not found (HTTP {status})"
        " (the key store of its target names it; the region has archive, slow)"
    )
    assert error.scope is Scope.REGION


@pytest.mark.parametrize(
    "answer", [Answer(404), Answer(200, {"stores": None}), Answer(200, {"stores": ["odd", {"id": 7}]}), Answer(200, [])]
)
def test_a_region_that_does_not_report_its_stores_is_no_other_error(
    cloud: ScriptedServer, federate: Federate, target: Target, answer: Answer
) -> None:
    cloud.on("GET", STORES, answer)
    error = refused(cloud, federate, target, Answer(400, REFUSAL), "fast")
    assert str(error).endswith("(the key store of its target names it; the region does not say what stores it has)")


@pytest.mark.parametrize(
    ("store", "answer"),
    [
        ("", Answer(400, REFUSAL)),
        ("fas", Answer(400, REFUSAL)),
        ("fast", Answer(400, {"message": "Image is no qcow2"})),
        ("fast", Answer(404, REFUSAL)),
    ],
)
def test_other_refusals_are_left_as_they_are(
    cloud: ScriptedServer, federate: Federate, target: Target, store: str, answer: Answer
) -> None:
    error = refused(cloud, federate, target, answer, store)
    assert error.scope is Scope.IMAGE
    assert "key store" not in str(error)
    assert cloud.of("GET", STORES) == []
