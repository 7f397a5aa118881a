"""Finishes what an interrupted run left, before anything else is done (sync 3.9)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...base.errors import GlanceSyncError, NotFound, TransferError
from ...events import Action
from ..model import Image, Patch
from ..places import ServerImport
from ..planning import Leftover, OldNames, RegionPlan, Tidying
from .change import publish_as_allowed
from .recorder import Recorder
from .region_state import RegionState
from .settling import UnsettledImages, settle_all

KeptPrivate = Callable[[str, str, str, GlanceSyncError], None]
"""Takes a restored image whose visibility is refused: its name and UUID, the visibility, and why."""

STILL_FETCHED = (
    "the region is still fetching its content, so a later run finishes or removes it;"
    " if that Glance was restarted meanwhile, delete the image"
)
"""Why an image is not removed. A Glance that was restarted does not continue its imports, and shows them as running."""


def tidy(
    make_plan: Callable[[], RegionPlan], state: RegionState, recorder: Recorder
) -> tuple[RegionPlan, list[UnsettledImages]]:
    """Remove or finish the unfinished images, settle the published ones.

    :param make_plan: plans the region as it is at that moment
    :param state: the region
    :param recorder: takes what happens
    :return: the plan of the region as it is afterwards, and the old images that a later step of this run settles
    """
    plan = make_plan()
    unsettled_images = [left.image for left in plan.leftovers if _is_tidied(left, state)]
    if not unsettled_images:
        return plan, []
    published: list[Leftover] = []
    for image in unsettled_images:
        with recorder.attempt(Action.TIDY, image.label, uuid=image.id) as attempt:
            if _await_import(image, plan, state, recorder):
                plan = make_plan()
            published += _ended(image, plan, state, partial(recorder.kept_private, attempt))
    plan = make_plan()
    _relink({left.journal.old for left in published} - {None}, plan, state, recorder)
    names = OldNames(state.listing)
    unsettled = [
        UnsettledImages(left.image.id, left.image.name, left.journal, names.take(_name_of_old(left, state)))
        for left in _linked_first(published, plan)
        if left.journal.old is not None or left.tidying is Tidying.SETTLE
    ]
    waiting = settle_all(unsettled, make_plan(), (), state, recorder)
    return make_plan(), waiting


def _is_tidied(left: Leftover, state: RegionState) -> bool:
    """Whether something is to be done with an image now; whether it can be filled shows when no import is running."""
    place = state.place
    if left.tidying is Tidying.FILL:
        return isinstance(place, ServerImport) and place.is_importing(left.image.id)
    return left.tidying is not Tidying.WAIT


def _await_import(image: Image, plan: RegionPlan, state: RegionState, recorder: Recorder) -> bool:
    """Wait until the region no longer fetches the content of an image.

    :return: whether the region was fetching it
    :raises TransferError: the region is still fetching it after a very long time
    """
    place = state.place
    if not isinstance(place, ServerImport) or not place.is_importing(image.id):
        return False
    size = next((entry.size for entry in plan.entries if entry.name == image.name), 0)
    if not place.await_import(image.id, size, recorder.check):
        state.busy.add(image.id)
        raise TransferError(STILL_FETCHED)
    try:
        state.refresh(image.id)
    except NotFound:
        state.forget(image.id)
    return True


def _ended(image: Image, plan: RegionPlan, state: RegionState, kept_private: KeptPrivate) -> list[Leftover]:
    """Remove or publish an image that an interrupted run left.

    :return: the image if it is published now
    """
    left = next((left for left in plan.leftovers if left.image.id == image.id), None)
    if left is None:
        return []
    if left.tidying is Tidying.REMOVE:
        state.delete(image.id)
        return []
    if left.tidying is Tidying.FINISH:
        _finish(left, plan, state, kept_private)
    return [] if left.tidying is Tidying.FILL else [left]


def _finish(left: Leftover, plan: RegionPlan, state: RegionState, kept_private: KeptPrivate) -> None:
    """Publish an image that the plan has verified: same content, same old image."""
    if left.entry is not None:
        ids = {entry.name: entry.region_image.id for entry in plan.entries if entry.region_image}
        links = {key: ids[name] for key, name in left.entry.links.items()}
        kept = partial(kept_private, left.image.label, left.image.id, left.entry.image.visibility)
        publish_as_allowed(left.entry, links, left.journal, state, kept)


def _relink(replaced: set[str | None], plan: RegionPlan, state: RegionState, recorder: Recorder) -> None:
    """Change links to old images that are settled next; other differences are changed later."""
    for entry in (*plan.updates, *plan.relinks):
        image = entry.region_image
        if image is None:
            continue
        present = image.user_properties
        links = {key: value for key, value in entry.patch.set.items() if present.get(key) in replaced}
        if links:
            with recorder.attempt(Action.TIDY, entry.label, uuid=image.id):
                state.update(image.id, Patch(set=links))


def _name_of_old(left: Leftover, state: RegionState) -> str:
    """The present name of the image that a published one took the place of; perhaps it was renamed meanwhile."""
    old = left.journal.old
    return state[old].name if old is not None and old in state else left.image.name


def _linked_first(leftovers: list[Leftover], plan: RegionPlan) -> list[Leftover]:
    """Leftovers in building order. Those that are no longer selected come last, so they are settled first."""
    position = {name: number for number, name in enumerate(plan.building_order)}
    return sorted(leftovers, key=lambda left: position.get(left.image.name, len(position)))
