"""What tests of services of OpenStack share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """A cloud of stand-ins, without servers and volumes."""
    with cloud_stand_in() as made:
        yield made
