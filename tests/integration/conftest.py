"""What the tests of bad input and of faults share: the development cloud, its command, a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import running_cloud
from tests.support.faults import FaultyCloud
from tests.support.proxy import Proxy, running_proxy


@pytest.fixture(scope="module")
def faulty(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """The development cloud, its regions empty; emptied again afterwards."""
    cloud = FaultyCloud(running_cloud(root), tmp_path_factory.mktemp("cloud"))
    for region in ("Spain", "Burgos", "Caceres"):
        cloud.fill(region, [])
    yield cloud
    for region in ("Spain", "Burgos", "Caceres"):
        cloud.fill(region, [])


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy without rules."""
    with running_proxy() as made:
        yield made
