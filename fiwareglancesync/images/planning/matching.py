"""The region's side: which of its images stands for a selected name (sync 3.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from ...base.messages import Message
from ..model import Image, Listing
from ..settings import Target
from .conflicts import is_stalled
from .selection import Selection

DEACTIVATED = "deactivated"
CONSIDERED = ("active", DEACTIVATED)


def match(
    selection: Selection, listing: Listing, ignored: Collection[str], messages: list[Message]
) -> dict[str, Image]:
    """Find the region's image for each selected name that has one.

    :param selection: what the target gets
    :param listing: the region's images, the obsolete changes applied
    :param ignored: UUIDs of images that a plan ignores
    :param messages: takes the warnings
    :return: name → image; own images win over those of others
    """
    masters = {selected.image.name: selected.image for selected in selection.images}
    found: dict[str, Image] = {}
    several: dict[str, list[Image]] = defaultdict(list)
    for image in listing.images:
        name = image.name
        if name not in masters or image.id in ignored:
            continue
        if name in found:
            several[name].append(image)
        else:
            found[name] = image
    for name in [name for name in masters if name in found]:
        image = found[name]
        alike = image.is_active and listing.owns(image) and image.hidden == masters[name].hidden
        if alike and name not in several:
            continue
        chosen = _choose(masters[name], [image, *several[name]], selection, listing, messages)
        if chosen is None:
            del found[name]
        else:
            found[name] = chosen
    return found


def _choose(
    master: Image, namesakes: list[Image], selection: Selection, listing: Listing, messages: list[Message]
) -> Image | None:
    region, name, target = listing.region, master.name, selection.target
    own: list[Image] = []
    others: list[Image] = []
    for image in sorted(namesakes, key=lambda i: i.order):
        is_own = listing.owns(image)
        if not is_own:
            text = f"{region}: image {name} (UUID {image.id}) is owned by other tenant: {image.owner}"
            messages.append(Message.warning(text, name))
            if target.only_tenant_images:
                continue
        if image.status not in CONSIDERED:
            text = f"{region}: state of image {name} with UUID {image.id} is not active: {image.status}"
            messages.append(Message.warning(text, name))
            continue
        if _may_stand_for(master, image, target, listing):
            (own if is_own else others).append(image)
    candidates = own or others
    if not candidates:
        return None
    chosen = min(candidates, key=lambda i: (i.hidden != master.hidden, not listing.is_copy(i, master), i.order))
    for further in candidates:
        if further is not chosen and not further.hidden:
            text = f"{region}: image name {name} is duplicated. UUIDs: {chosen.id} {further.id}"
            messages.append(Message.warning(text, name))
    return chosen


def _may_stand_for(master: Image, image: Image, target: Target, listing: Listing) -> bool:
    """Whether an image counts at all: a hidden one may be kept for rebuilds beside the one that users see."""
    return (
        image.hidden == master.hidden
        or listing.is_copy(image, master)
        or is_stalled(image, target)
    )
