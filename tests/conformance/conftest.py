"""Every rule is checked in the embedded federation and on the development cloud's real Glance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.images.places import Place
from tests.support.cloud import running_cloud

from .worlds import World, embedded_world, openstack_world


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest, root: Path) -> Iterator[World]:
    """A region, which each test leaves as it was."""
    if request.param == "embedded":
        with embedded_world(None) as made:
            yield made
    else:
        with openstack_world(running_cloud(root)) as made:
            yield made


@pytest.fixture
def place(world: World) -> Place:
    """The region, with our rights."""
    return world.place
