"""Images that the master marked as obsolete: the regions follow (contract 3.8)."""

from __future__ import annotations

from collections import defaultdict

from ..model import OBSOLETE, Image, Listing, Message, Patch, same_content
from .plan import ObsoleteChange
from .properties import Wanted, difference, wanted_properties, wanted_visibility
from .selection import Selection


def plan_obsolete(
    selection: Selection, listing: Listing, hidden: frozenset[str], messages: list[Message]
) -> tuple[ObsoleteChange, ...]:
    """Find the region's images that follow an obsolete one of the master.

    :param selection: what the target gets
    :param listing: the region's images
    :param hidden: UUIDs of images that are not to be looked at
    :param messages: takes the warnings
    """
    if not selection.obsolete:
        return ()
    names = {image.name for image in selection.obsolete}
    names |= {name.removesuffix(OBSOLETE) for name in names}
    namesakes: dict[str, list[Image]] = defaultdict(list)
    for image in listing.images:
        if image.name in names and image.is_active and image.id not in hidden and listing.owns(image):
            namesakes[image.name].append(image)
    changes: list[ObsoleteChange] = []
    for master in selection.obsolete:
        followers = [
            image
            for name in (master.name.removesuffix(OBSOLETE), master.name)
            for image in sorted(namesakes.get(name, ()), key=lambda i: i.order)
            if same_content(master, image)
        ]
        wanted = _wanted(selection, master)
        for image in followers:
            changed, _ = difference(wanted, image)
            patch = Patch(
                name=master.name if image.name != master.name else None,
                visibility=wanted_visibility(master, image),
                set=changed,
            )
            if patch:
                changes.append(ObsoleteChange(master.name, image, patch))
        for further in followers[1:]:
            uuids = f"{followers[0].id} {further.id}"
            text = f"{listing.region}: image name {master.name} is duplicated. UUIDs: {uuids}"
            messages.append(Message.warning(text, master.name))
    return tuple(changes)


def _wanted(selection: Selection, master: Image) -> Wanted:
    """Those of ``obsolete_syncprops`` that the master has; what it lacks stays as it is."""
    chosen = selection.target.obsolete_syncprops
    if not chosen:
        return Wanted({}, frozenset())
    values = wanted_properties(master, chosen).values
    return Wanted(values, frozenset())
