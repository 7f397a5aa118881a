"""A cloud of stand-ins, and cycles of volume backups in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """An empty cloud."""
    with cloud_stand_in() as cloud:
        yield cloud


@pytest.fixture
def bench(cloud: CloudStandIn, tmp_path: Path) -> CycleBench:
    """Cycles in it, with the usual settings and a database of their own."""
    return CycleBench(cloud, new_database(tmp_path), VolumeSettings())
