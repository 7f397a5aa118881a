"""Every rule is checked in the embedded federation and on the development cloud's real Glance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.images.places import Place
from tests.support.cloud import running_cloud

from .place_setups import PlaceSetup, embedded_setup, openstack_setup


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def setup(request: pytest.FixtureRequest, root: Path) -> Iterator[PlaceSetup]:
    """A region, which each test leaves as it was."""
    if request.param == "embedded":
        with embedded_setup(None) as made:
            yield made
    else:
        with openstack_setup(running_cloud(root)) as made:
            yield made


@pytest.fixture
def place(setup: PlaceSetup) -> Place:
    """The region, with our rights."""
    return setup.place
