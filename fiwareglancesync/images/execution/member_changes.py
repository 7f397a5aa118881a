"""Reads and changes the projects that images are shared with (sync 3.5, ``sync_members``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from ...base.errors import NotFound
from ..model import Image, Listing
from ..places import ListsMembers, Place, ReadablePlace, Sharing
from ..planning import MemberChange, Selection, record_patch
from ..planning.members import SHARED
from .region_state import RegionState


def members_of(place: ReadablePlace, images: Iterable[Image]) -> Mapping[str, frozenset[str]]:
    """Get the members of images.

    Only a shared image has members. For another one Glance refuses the request.

    :param place: the region
    :param images: own images of it
    :return: UUID → ids of projects, without images that were deleted meanwhile; empty if the region cannot share images
        with single projects
    :raises CloudError: the request failed
    """
    if not isinstance(place, ListsMembers):
        return {}
    found: dict[str, frozenset[str]] = {}
    for image in images:
        with suppress(NotFound):
            found[image.id] = place.members(image.id) if image.visibility == SHARED else frozenset()
    return found


def with_members(place: Place, listing: Listing, selection: Selection) -> Listing:
    """Add to a listing the members of the images whose members are compared.

    :param place: the region
    :param listing: its images
    :param selection: what the region's target gets
    :raises CloudError: a request failed
    """
    names = {selected.image.name for selected in selection.images if selected.members is not None}
    if not names:
        return listing
    images = [image for image in listing.images if image.name in names and listing.owns(image)]
    return replace(listing, members=members_of(place, images))


def change_members(image_id: str, change: MemberChange, state: RegionState) -> None:
    """Share an image with further projects, and stop sharing it with others.

    The projects to be added are recorded before: later runs remove only recorded ones.

    :param image_id: the image, which has ``change.record`` already
    :param change: the projects to be added and removed
    :param state: the region
    :raises CloudError: the region refused; the changes so far stay, and the next run continues
    """
    place = state.place
    if not isinstance(place, Sharing):
        return
    for project in change.add:
        place.add_member(image_id, project)
    for project in change.remove:
        place.remove_member(image_id, project)
    state.update(image_id, record_patch(state[image_id], change.settled))
