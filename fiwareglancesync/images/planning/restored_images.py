"""The region's side of a restore: which of its images stand for those of the source, and where links lead (vault 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from ...base.messages import Message
from ..model import LINKS, MOVES, Image, Listing
from .links import links_of
from .matching import CONSIDERED
from .plan import REPLACING, PlanEntry
from .properties import Wanted
from .selection import Selected, Selection
from .source_images import SourceImages


def match_restored(
    selection: Selection, source: SourceImages, listing: Listing, ignored: Collection[str], messages: list[Message]
) -> dict[str, Image]:
    """Find the region's own image for each name that has one; the one with the original UUID is preferred.

    An image that was restored of another namesake does not count. One without a name counts if it has the UUID or the
    content.

    :param selection: the images to be restored
    :param source: the images of the source
    :param listing: the region's images
    :param ignored: UUIDs of images that a plan ignores
    :param messages: takes the warnings
    :return: name → image
    """
    masters = {selected.image.name: selected.image for selected in selection.images}
    candidates: dict[str, list[Image]] = defaultdict(list)
    for image in sorted(listing.images, key=lambda image: image.order):
        master = masters.get(image.name)
        if master is None or image.id in ignored or not listing.owns(image):
            continue
        if image.status not in CONSIDERED:
            text = f"{listing.region}: state of image {image.name} with UUID {image.id} is not active: {image.status}"
            messages.append(Message.warning(text, image.name))
        elif _stands_for(master, image, source.namesakes.get(image.name, ()), listing):
            candidates[image.name].append(image)
    return {name: _chosen(masters[name], images, listing, messages) for name, images in candidates.items()}


def _stands_for(master: Image, image: Image, namesakes: Collection[Image], listing: Listing) -> bool:
    if image.id == master.id:
        return True
    if listing.is_copy(image, master):
        return image.id not in {other.id for other in namesakes}
    if not master.name:
        return False
    return not any(image.id == other.id or listing.is_copy(image, other) for other in namesakes)


def _chosen(master: Image, images: list[Image], listing: Listing, messages: list[Message]) -> Image:
    chosen = min(images, key=lambda i: (i.id != master.id, not listing.is_copy(i, master), i.order))
    for further in images:
        if further is not chosen:
            text = f"{listing.region}: image name {master.name} is duplicated. UUIDs: {chosen.id} {further.id}"
            messages.append(Message.warning(text, master.name))
    return chosen


def with_links(
    selected: Selected,
    source: SourceImages,
    listing: Listing,
    ignored: Collection[str],
    found: Mapping[str, Image],
    entries: Mapping[str, PlanEntry],
    messages: list[Message],
) -> Selected:
    """Decide where the links of a restored image lead in the region.

    The first that applies: the same UUID is there; an image of that name is made in this run; the region has one; the
    link is kept as it is, with a warning. Links in a circle are kept.

    :param selected: the image
    :param source: the images of the source
    :param listing: the region's images
    :param ignored: UUIDs of images that a plan ignores
    :param found: name → the region's image that stands for it
    :param entries: name → the entries that are decided already; linked images come first
    :param messages: takes the warnings
    """
    given = links_of(selected.image)
    if not given:
        return selected
    links: dict[str, str] = {}
    known: dict[str, str] = {}
    images = [image for image in listing.images if image.id not in ignored]
    replaced = {entry.old.id for entry in entries.values() if entry.old and entry.status in REPLACING}
    there = {image.id for image in images} - replaced
    for key in (key for key in LINKS if key in given):
        uuid = given[key]
        name = source.names.get(uuid)
        if uuid in there:
            known[key] = uuid
        elif name is not None and name in entries and entries[name].status in MOVES:
            links[key] = name
        else:
            in_circle = name in source.namesakes and name not in entries
            same_name = None if in_circle else _of_name(name, images, found)
            known[key] = uuid if same_name is None else same_name
            if same_name is None:
                messages.append(_kept(key, uuid, name, selected.image, listing.region))
    return replace(selected, links=links, wanted=Wanted({**selected.wanted.values, **known}, selected.wanted.absent))


def _of_name(name: str | None, images: Collection[Image], found: Mapping[str, Image]) -> str | None:
    """The UUID of the region's image of a name; None where there is none, or it is not clear which."""
    if not name:
        return None
    if name in found:
        return found[name].id
    ids = [image.id for image in images if image.name == name and image.is_active]
    return ids[0] if len(ids) == 1 else None


def _kept(key: str, uuid: str, name: str | None, image: Image, region: str) -> Message:
    what = f"no image {uuid}" + (f", nor one named {name}" if name else "")
    text = f"{region}: {key} of image {image.label} stays as it is: there is {what} in the region"
    return Message.warning(text, image.name)
