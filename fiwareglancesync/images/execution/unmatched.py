"""Entries of the lists in the configuration that match nothing in the cloud, such as misspelt UUIDs (sync 3.4)."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from ...base.errors import CloudError
from ...base.messages import Message
from ...base.text import nearest
from ..model import Image, Listing, is_uuid, normal_uuid
from ..places import Federation, FolderBacked
from ..settings import ListEntry, Settings, own_region

MIN_SIMILARITY = 0.8
"""How similar to a property in use a name must be to count as misspelt. A property may simply not be in use."""


def unmatched_entries(
    settings: Settings, asked: Collection[str], federation: Federation, master: Listing
) -> list[Message]:
    """Warn about each entry that matches nothing (sync 3.4).

    :param settings: the configuration
    :param asked: names of the targets of this run; no other one is contacted
    :param federation: lists the regions of the targets
    :param master: the master's images
    """
    found: list[Message] = []
    regions = _regions(settings, asked, federation)
    properties = {name for image in master.images for name in image.user_properties}
    for entry in settings.entries:
        if not set(entry.targets) & set(asked):
            continue
        if entry.key == "ignore_regions":
            text = _unknown_region(entry, settings, regions)
        elif entry.key == "forcesyncs":
            # An entry that is no UUID was reported when the configuration was read; an embedded federation may have it.
            reported = not is_uuid(entry.word) and not isinstance(federation, FolderBacked)
            text = None if reported else _unknown_image(entry, master.images)
        else:
            text = _misspelt_property(entry, properties, settings)
        if text is not None:
            found.append(Message.warning(f"{entry.where}: {text}"))
    return found


def _regions(settings: Settings, asked: Collection[str], federation: Federation) -> dict[str, Collection[str]]:
    """The regions of each target of this run that ignores some."""
    found: dict[str, Collection[str]] = {}
    for name in asked:
        target = settings.targets[name]
        if target.ignore_regions:
            try:
                found[name] = federation.regions(target)
            except CloudError:
                continue  # reported where its regions are needed
    return found


def _unknown_region(entry: ListEntry, settings: Settings, regions: dict[str, Collection[str]]) -> str | None:
    """The warning about an entry that names no region of its targets; None when it names one."""
    meant = {name: own_region(entry.word, name, settings.targets) for name in entry.targets}
    concerned = {name: region for name, region in meant.items() if region is not None}
    asked = {name: region for name, region in concerned.items() if name in regions}
    if not asked or any(region in regions[name] for name, region in asked.items()):
        return None
    known = sorted({region for name in asked for region in regions[name]})
    near = nearest(next(iter(asked.values())), known)
    if near is None and asked.keys() != concerned.keys():
        return None  # a target that is not contacted may have it
    return f"there is no region '{entry.word}'{_hint(near)}"


def _unknown_image(entry: ListEntry, images: Collection[Image]) -> str | None:
    ids = {normal_uuid(image.id).lower(): image.id for image in images}
    if entry.word in ids:
        return None
    return f"the master has no image '{entry.word}'{_hint(nearest(entry.word, ids.values(), cutoff=MIN_SIMILARITY))}"


def _misspelt_property(entry: ListEntry, properties: Collection[str], settings: Settings) -> str | None:
    listed = {word for name in entry.targets for word in getattr(settings.targets[name], entry.key)}
    if entry.key == "metadata_exclude" and any(fnmatchcase(name, entry.word) for name in properties):
        return None
    if entry.word in properties:
        return None
    near = nearest(entry.word, properties, cutoff=MIN_SIMILARITY)
    if near is None or near in listed:
        return None
    return f"no image of the master has the property '{entry.word}'{_hint(near)}"


def _hint(near: str | None) -> str:
    return f"; did you mean {near}?" if near is not None else ""
