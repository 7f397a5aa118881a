"""Several moves at the same time, and how they end together."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import ServiceFailure
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.transfer.upload_way import upload_ways
from tests.support.builders import MASTER, RegionSetup, master_image
from tests.support.bytes_place import BytesPlace, md5
from tests.support.conditions import wait_for

BUSY, STOPPED = b"busy", b"stop"


def moves() -> list[threading.Thread]:
    """The threads that move images."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("move")]


def test_a_move_that_waits_for_its_next_attempt_ends_with_the_others() -> None:
    contents = {"m-a": BUSY, "m-b": STOPPED}
    masters = [replace(master_image(i[2:], md5(content)), id=i, size=len(content)) for i, content in contents.items()]
    setup = RegionSetup(masters, uploads_per_region=2)
    master = BytesPlace(setup.federation.place(setup.target, MASTER), contents)

    def fail(piece: bytes) -> None:
        if piece == BUSY:
            raise ServiceFailure("busy", status=503, retryable=True, retry_after=3600.0)
        # The other one has undone what it began, and pauses.
        wait_for(lambda: "m-a" in master.downloads and setup.names() == ["b"], "the pause")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setup.sync(through=lambda place: BytesPlace(place, fails=fail), mover=Mover(upload_ways(StreamSource(master))))
    wait_for(lambda: moves() == [], "the end of the pause")
    assert sorted(master.downloads) == ["m-a", "m-b"]
    assert "a" not in setup.names()
