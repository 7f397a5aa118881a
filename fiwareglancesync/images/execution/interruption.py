"""The few seconds that an interrupted run has: what it was making is removed, and what stays is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from ...base.errors import NotFound
from ...base.waiting import HEARTBEAT
from ..planning.journal import NEW, read_carriers
from .change import remove_unpublished
from .region_state import RunContext, Scene

PATIENCE = 2.5
"""Seconds for the region to remove what was being made; with those for moves to end, less than the user's five."""

LATE = 2.0
"""Seconds for which a place may still be at a creation that was interrupted."""


def leave_tidy(scene: Scene, context: RunContext) -> list[str]:
    """Remove the images that were being made, all at once, and wait for that only so long.

    :param scene: the region, in which nothing else is going on any more
    :param context: who was at it
    :return: what a later run has to finish or remove, an image each, for the user
    """
    end = time.monotonic() + PATIENCE
    threads = [
        threading.Thread(target=_remove, args=(uuid, scene), name="undo", daemon=True)
        for uuid in _being_made(scene, context)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(min(HEARTBEAT, max(0.0, end - time.monotonic())))
    return [f"{scene.place.name}: {name} (UUID {uuid})" for uuid, name in _unfinished(scene, context)]


def _being_made(scene: Scene, context: RunContext) -> list[str]:
    """The images of this run that were not published."""
    journals = read_carriers(scene.listing).journals
    made = [uuid for uuid, journal in journals.items() if journal.step == NEW and journal.run == context.run]
    return [*scene.unanswered, *made]


def _unfinished(scene: Scene, context: RunContext) -> Iterator[tuple[str, str]]:
    """UUID and name of the images that this host's runs have not brought to their end."""
    yield from list(scene.unanswered.items())
    listing = scene.listing  # as it is now: a removal that took too long may still come to its end
    journals = read_carriers(listing).journals
    names = {image.id: image.name for image in listing.images}
    yield from ((uuid, names[uuid]) for uuid, journal in journals.items() if journal.host == context.host)


def _remove(uuid: str, scene: Scene) -> None:
    with suppress(Exception):  # whatever it is: the image stays, and that is told
        if uuid in scene.unanswered:
            _await_creation(uuid, scene)
        remove_unpublished(uuid, scene)


def _await_creation(uuid: str, scene: Scene) -> None:
    """Give a place that may still be at a creation the time for it: a removal would come too early."""
    end = time.monotonic() + LATE
    while time.monotonic() < end:
        try:
            scene.place.get(uuid)
        except NotFound:
            time.sleep(LATE / 20)
        else:
            return
