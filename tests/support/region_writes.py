"""A place that records writes, and refuses some, for the tests of a region's run."""

from __future__ import annotations

from typing import Any

from tests.support.builders import RegionSetup
from tests.support.watched import Hook, WatchedPlace, refusing


def watched(setup: RegionSetup, before: Hook | None = None) -> WatchedPlace:
    """The region, watched."""
    return WatchedPlace(setup.place, before) if before else WatchedPlace(setup.place)


def refuse(setup: RegionSetup, error: BaseException, kind: str, *uuids: str) -> WatchedPlace:
    """The region, which refuses writes of one kind to some images."""
    return watched(setup, refusing(error, lambda write: write.kind == kind and write.image in (uuids or [write.image])))


def through(place: WatchedPlace) -> dict[str, Any]:
    return {"through": lambda _: place}
