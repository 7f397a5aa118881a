"""Keeps the original UUID of a restored image: Glance never gives it again once the image is deleted (vault 4).

So an image that was made under it and could not be filled stays, for the next attempt or the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...base.errors import CloudError, NotFound
from ...base.waiting import pause
from ..planning import Journal
from ..planning.journal import NEW
from .change import remove_unpublished
from .region_state import RegionState

EMPTY_SECONDS = 10.0
"""Seconds for which a region may need to notice that an upload has ended."""

POLL_SECONDS = 0.2


def may_go_on_with(uuid: str, state: RegionState, check: Callable[[], None]) -> bool:
    """Whether the region has an unfinished image under a UUID, which can be filled, or is; another one is removed.

    :param uuid: the original UUID of an image
    :param state: the region
    :param check: ends the wait
    """
    if uuid not in state:
        return False
    journal = Journal.of(state[uuid])
    if journal is None or journal.image_id != uuid or journal.step != NEW or not state.listing.owns(state[uuid]):
        return False
    if _status(uuid, state, check) in ("queued", "active"):
        state.reserved.add(uuid)
        return True
    if uuid in state:
        remove_unpublished(uuid, state)
    return False


def stays(uuid: str, state: RegionState, check: Callable[[], None]) -> bool:
    """Whether nothing has to be removed after a failed attempt: the image is empty, or complete, or was not made.

    :param uuid: of an image of this run that is not published
    :param state: the region
    :param check: ends the wait
    """
    try:
        return _status(uuid, state, check) in ("queued", "active", None)
    except CloudError:
        return False


def _status(uuid: str, state: RegionState, check: Callable[[], None]) -> str | None:
    """The state of an image once the region does not expect content any more; None when it is not there."""
    end = time.monotonic() + EMPTY_SECONDS
    while True:
        try:
            status = state.refresh(uuid).status
        except NotFound:
            state.forget(uuid)
            return None
        if status != "saving" or time.monotonic() > end:
            return status
        pause(POLL_SECONDS, check)
