"""A master and a region that watch imports often, and a region that takes an import."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Target
from tests.support.glance_imports import (
    ACCEPTED,
    FILLED,
    IMPORT,
    ONE,
    QUICK,
)
from tests.support.scripted_server import Answer, ScriptedServer
from tests.unit.images.places.glance.conftest import Federate


@pytest.fixture
def spain(federate: Federate, target: Target) -> OpenStackPlace:
    return federate(QUICK).place(target, "Spain")


@pytest.fixture
def burgos(federate: Federate, target: Target) -> OpenStackPlace:
    return federate(QUICK).place(target, "Burgos")


@pytest.fixture
def willing(cloud: ScriptedServer) -> Iterator[ScriptedServer]:
    """A region that takes the import of an image; how that ends is the test's to say."""
    cloud.on("POST", IMPORT, ACCEPTED)
    cloud.on("GET", ONE, Answer(200, FILLED))
    yield cloud
    assert not cloud.unexpected
