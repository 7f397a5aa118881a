"""The last seconds of an interrupted run: it removes unfinished images, and names those that it cannot remove."""

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
"""Seconds for the removal. With those for the moves to end, they are less than the five of the contract (sync 1.2)."""

LATE_CREATION_SECONDS = 2.0
"""Seconds for which a place may still be busy with a creation that was interrupted."""


def remove_unfinished(state: RegionState, context: RunContext) -> list[str]:
    """Remove the images that were being made, all at the same time, and wait for a limited time.

    :param state: the region; nothing else is done there any more
    :param context: the run
    :return: the images that a later run has to finish or remove, a line for each, for the user
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
    """UUIDs of the images of this run that are not published, without those that a later restore fills."""
    journals = read_journals(state.listing).by_image
    made = [uuid for uuid, journal in journals.items() if journal.step == NEW and journal.run == context.run]
    return [uuid for uuid in (*state.unanswered, *made) if uuid not in state.reserved]


def _unfinished(state: RegionState, context: RunContext) -> Iterator[tuple[str, str]]:
    """UUID and name of the images that runs of this host have not finished."""
    yield from list(state.unanswered.items())
    listing = state.listing  # read once: a removal that took too long may still end meanwhile
    journals = read_journals(listing).by_image
    names = {image.id: image.name for image in listing.images}
    yield from ((uuid, names[uuid]) for uuid, journal in journals.items() if journal.host == context.host)


def _remove(uuid: str, state: RegionState) -> None:
    with suppress(Exception):  # whatever fails: the image stays, and that is reported
        if uuid in state.unanswered:
            _await_creation(uuid, state)
        remove_unpublished(uuid, state)


def _await_creation(uuid: str, state: RegionState) -> None:
    """Wait for a creation that the place may still be busy with: before it, there is nothing to remove."""
    end = time.monotonic() + LATE_CREATION_SECONDS
    while time.monotonic() < end:
        try:
            state.place.get(uuid)
        except NotFound:
            time.sleep(LATE_CREATION_SECONDS / 20)
        else:
            return
