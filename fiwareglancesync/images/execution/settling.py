"""The last step of a change: old images are renamed or deleted, linked ones last (sync 3.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...events import Action
from ..planning import Journal, RegionPlan, kept_message
from .change import settle
from .recorder import Recorder
from .region_state import RegionState


@dataclass(frozen=True, slots=True)
class UnsettledImages:
    """A published image whose old one is still to be renamed or deleted.

    :param uuid: UUID of the published image
    :param name: its name
    :param journal: its journal
    :param old_name: the name that the old image gets
    """

    uuid: str
    name: str
    journal: Journal
    old_name: str


def settle_all(
    unsettled: Iterable[UnsettledImages],
    plan: RegionPlan,
    completed: Collection[str],
    state: RegionState,
    recorder: Recorder,
) -> list[UnsettledImages]:
    """Settle the images that can be settled.

    An old image waits while an image that this synchronisation still has to change links to it, and while its own old
    one waits.

    :param unsettled: published images, linked ones before those that link to them
    :param plan: the region's whole plan
    :param completed: names whose change has been made in this run
    :param state: the region
    :param recorder: takes what happens
    :return: those that wait
    """
    unfinished = {
        entry.region_image.id
        for entry in plan.entries
        if entry.region_image and entry.status.pending and entry.name not in completed
    }
    waiting: list[UnsettledImages] = []
    items = list(reversed(list(unsettled)))
    olds = {item.journal.old for item in items}
    # A published image may be the old one of another: its own change is finished before it is removed.
    items.sort(key=lambda item: item.uuid not in olds)
    for item in items:
        if item.uuid not in state:
            continue
        old = item.journal.old
        if old is not None and (
            old in {found.uuid for found in waiting} or any(image.id in unfinished for image in state.linking_to(old))
        ):
            waiting.append(item)
            continue
        with recorder.attempt(Action.SETTLE, item.name, uuid=old or item.uuid):
            linking_images = settle(item.uuid, item.journal, item.old_name, state)
            if old is not None and linking_images:
                users = [(image.name, image.id) for image in linking_images]
                recorder.report(kept_message(recorder.region, item.name, old, state[old].name, users))
    waiting.reverse()
    return waiting
