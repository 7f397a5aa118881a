"""The few seconds that an interrupted run has: what it was making is removed, and what stays is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from ...base.errors import NotFound
from ...base.waiting import SIGNAL_CHECK_SECONDS
from ..planning.journal import NEW, read_journals
from .change import remove_unpublished
from .region_state import RegionState, RunContext

CLEANUP_SECONDS = 2.5
"""Seconds for the region to remove what was being made; with those for moves to end, less than the user's five."""

LATE_CREATION_SECONDS = 2.0
"""Seconds for which a place may still be at a creation that was interrupted."""


def remove_unfinished(state: RegionState, context: RunContext) -> list[str]:
    """Remove the images that were being made, all at once, and wait for that only so long.

    :param state: the region, in which nothing else is going on any more
    :param context: who was at it
    :return: what a later run has to finish or remove, an image each, for the user
    """
    end = time.monotonic() + CLEANUP_SECONDS
    threads = [
        threading.Thread(target=_remove, args=(uuid, state), name="undo", daemon=True)
        for uuid in _being_made(state, context)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(min(SIGNAL_CHECK_SECONDS, max(0.0, end - time.monotonic())))
    return [f"{state.place.name}: {name} (UUID {uuid})" for uuid, name in _unfinished(state, context)]


def _being_made(state: RegionState, context: RunContext) -> list[str]:
    """The images of this run that were not published."""
    journals = read_journals(state.listing).by_image
    made = [uuid for uuid, journal in journals.items() if journal.step == NEW and journal.run == context.run]
    return [*state.unanswered, *made]


def _unfinished(state: RegionState, context: RunContext) -> Iterator[tuple[str, str]]:
    """UUID and name of the images that this host's runs have not brought to their end."""
    yield from list(state.unanswered.items())
    listing = state.listing  # as it is now: a removal that took too long may still come to its end
    journals = read_journals(listing).by_image
    names = {image.id: image.name for image in listing.images}
    yield from ((uuid, names[uuid]) for uuid, journal in journals.items() if journal.host == context.host)


def _remove(uuid: str, state: RegionState) -> None:
    with suppress(Exception):  # whatever it is: the image stays, and that is told
        if uuid in state.unanswered:
            _await_creation(uuid, state)
        remove_unpublished(uuid, state)


def _await_creation(uuid: str, state: RegionState) -> None:
    """Give a place that may still be at a creation the time for it: a removal would come too early."""
    end = time.monotonic() + LATE_CREATION_SECONDS
    while time.monotonic() < end:
        try:
            state.place.get(uuid)
        except NotFound:
            time.sleep(LATE_CREATION_SECONDS / 20)
        else:
            return
