"""Images that the master marked as obsolete, or hid: the regions follow (sync 3.8)."""

from __future__ import annotations

from collections import defaultdict

from ...base.messages import Message
from ..model import OBSOLETE, Image, Listing, Patch, same_content
from .plan import ObsoleteChange
from .properties import Wanted, chosen_properties, difference, field_changes, shown_differences, wanted_visibility
from .selection import Selection


def plan_obsolete(
    selection: Selection, listing: Listing, ignored: frozenset[str], messages: list[Message]
) -> tuple[ObsoleteChange, ...]:
    """Find the region's images that follow an obsolete one of the master.

    :param selection: what the target gets
    :param listing: the region's images
    :param ignored: UUIDs of images that a plan ignores
    :param messages: takes the warnings
    """
    renamed = _renamed(selection, listing, ignored, messages)
    return (*renamed, *_hidden(selection, listing, ignored.union(change.image.id for change in renamed)))


def _renamed(
    selection: Selection, listing: Listing, ignored: frozenset[str], messages: list[Message]
) -> list[ObsoleteChange]:
    """The images that get the name, or follow the other changes, of an obsolete one of the master."""
    names = {image.name for image in selection.obsolete}
    names |= {name.removesuffix(OBSOLETE) for name in names}
    namesakes = _own_active(listing, names, ignored)
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
                **field_changes(master, image, selection.target),
            )
            if patch:
                changes.append(ObsoleteChange(master.name, image, patch, shown_differences(image, patch)))
        for further in (image for image in followers[1:] if not image.hidden):
            uuids = f"{followers[0].id} {further.id}"
            text = f"{listing.region}: image name {master.name} is duplicated. UUIDs: {uuids}"
            messages.append(Message.warning(text, master.name))
    return changes


def _hidden(selection: Selection, listing: Listing, settled: frozenset[str]) -> list[ObsoleteChange]:
    """The visible images whose original is hidden in the master; another image may have its name there by now."""
    if not selection.to_hide:
        return []
    selected = {chosen.image.name: chosen.image for chosen in selection.images}
    namesakes = _own_active(listing, {image.name for image in selection.to_hide}, settled)
    changes: dict[str, ObsoleteChange] = {}
    for master in selection.to_hide:
        other = selected.get(master.name)
        for image in sorted(namesakes.get(master.name, ()), key=lambda i: i.order):
            is_visible = not image.hidden and "hidden" not in image.unstated
            if is_visible and same_content(master, image) and not (other and same_content(other, image)):
                patch = Patch(hidden=True)
                changes[image.id] = ObsoleteChange(master.name, image, patch, shown_differences(image, patch))
    return list(changes.values())


def _own_active(listing: Listing, names: set[str], ignored: frozenset[str]) -> dict[str, list[Image]]:
    """The project's usable images of certain names, by name."""
    if not names:
        return {}
    found: dict[str, list[Image]] = defaultdict(list)
    for image in listing.images:
        if image.name in names and image.is_active and image.id not in ignored and listing.owns(image):
            found[image.name].append(image)
    return found


def _wanted(selection: Selection, master: Image) -> Wanted:
    """Those of ``obsolete_syncprops`` that the master has; what it lacks stays as it is."""
    chosen = selection.target.obsolete_syncprops
    if not chosen:
        return Wanted({}, frozenset())
    return Wanted(chosen_properties(master, chosen, selection.target).values, frozenset())
