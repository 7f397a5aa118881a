"""Which of the master's images a target gets (contract 3.1, 3.2), worked out once for all its regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..model import OBSOLETE, Image, Listing, Message
from ..settings import ConditionError, Target
from .journal import read_carriers
from .links import in_cycles, linked_first, links_of
from .properties import Wanted, wanted_properties


@dataclass(frozen=True, slots=True)
class Selected:
    """A master image that a target gets.

    :param wanted: what the properties of its copies should be
    :param links: property → name of the linked image; None when that cannot be followed
    :param lost: why a link cannot be followed: property → name or UUID of what it leads to
    """

    image: Image
    wanted: Wanted
    links: Mapping[str, str]
    lost: Mapping[str, str]


@dataclass(frozen=True)
class Selection:
    """What a target gets from the master.

    :param images: by size, then by name
    :param building_order: the same, linked images before those that need them (contract 3.6)
    :param obsolete: the master's obsolete images that regions follow, by name (contract 3.8)
    :param messages: what the user is to know about the master's images
    """

    target: Target
    images: tuple[Selected, ...] = field(repr=False)
    building_order: tuple[Selected, ...] = field(repr=False)
    obsolete: tuple[Image, ...] = field(repr=False)
    messages: tuple[Message, ...]


def is_selected(image: Image, target: Target) -> bool:
    """The rules of contract 3.2, the first that applies.

    :param image: a master image
    :param target: the target with its rules
    :raises ConditionError: ``metadata_condition`` cannot be evaluated for the image
    """
    if image.name.endswith(OBSOLETE):
        return False
    if image.id in target.forcesyncs:
        return True
    if target.metadata_condition is not None:
        return target.metadata_condition(image, target.metadata_set)
    if not image.is_public:
        return False
    if not target.metadata_set:
        return True
    return not target.metadata_set.isdisjoint(image.user_properties)


def _without_size(image: Image) -> bool:
    return image.size is None


def _without_hash(image: Image) -> bool:
    return not image.has_content_hash


def _encrypted(image: Image) -> bool:
    return "cinder_encryption_key_id" in image.user_properties


def _volume_snapshot(image: Image) -> bool:
    return image.size == 0 and "block_device_mapping" in image.user_properties


LEFT_OUT: tuple[tuple[Callable[[Image], bool], str], ...] = (
    (_encrypted, "it is encrypted with a key (cinder_encryption_key_id) that other regions do not have"),
    (_volume_snapshot, "it is a snapshot of a volume and holds no bytes"),
    (_without_size, "it has no size, so a copy could not be verified"),
    (_without_hash, "it has no checksum, so a copy could not be verified"),
)
"""Images that cannot be synchronised, and why (contract 3.1)."""


def select(master: Listing, target: Target) -> Selection:
    """Choose the images that the regions of a target are to have.

    :param master: the master region's images
    :param target: the target with its rules
    """
    messages: list[Message] = []
    own = _unambiguous(master, messages)
    chosen = [image for image in own if _chosen(image, target, messages)]
    chosen.sort(key=lambda image: (image.size or 0, image.name))

    name_of = {image.id: image.name for image in chosen}
    graph = {}
    for image in chosen:
        linked = {name_of[uuid] for uuid in links_of(image).values() if uuid in name_of}
        if linked:
            graph[image.name] = linked
    endless = in_cycles(graph)

    unselected = {image.id: image.name for image in master.images if image.name}
    by_name = {image.name: _with_links(image, target, name_of, unselected, endless) for image in chosen}
    order = linked_first(list(by_name), graph)
    return Selection(
        target,
        tuple(by_name.values()),
        tuple(by_name[name] for name in order),
        _obsolete(own, by_name, target, messages),
        tuple(messages),
    )


def _unambiguous(master: Listing, messages: list[Message]) -> list[Image]:
    """Active, named, ours; namesakes dropped, all of them (contract 3.1).

    The master may be a region to another run: what that one has not finished does not count (contract 3.9).
    """
    passing = read_carriers(master).passing
    own = [i for i in master.images if i.is_active and i.name and master.owns(i) and i.id not in passing]
    own.sort(key=lambda image: image.order)
    times = Counter(image.name for image in own)
    for name, count in times.items():
        if count > 1:
            messages.append(Message.warning(f"Duplicated images with name {name} will be ignored", name))
    return [image for image in own if times[image.name] == 1]


def _chosen(image: Image, target: Target, messages: list[Message]) -> bool:
    try:
        if not is_selected(image, target):
            return False
    except ConditionError as error:
        messages.append(
            Message.warning(
                f"metadata_condition of target {target.name} fails on image {image.name}, which is left out: {error}",
                image.name,
            )
        )
        return False
    for applies, why in LEFT_OUT:
        if applies(image):
            messages.append(Message.warning(f"Image {image.name} will be ignored: {why}", image.name))
            return False
    return True


def _with_links(
    image: Image,
    target: Target,
    name_of: Mapping[str, str],
    unselected: Mapping[str, str],
    endless: frozenset[str],
) -> Selected:
    links, lost = {}, {}
    for key, uuid in links_of(image).items():
        name = name_of.get(uuid)
        if name is None or (name in endless and image.name in endless):
            lost[key] = name or unselected.get(uuid, uuid)
        else:
            links[key] = name
    return Selected(image, wanted_properties(image, target.metadata_set), links, lost)


def _obsolete(
    own: list[Image], selected: Mapping[str, Selected], target: Target, messages: list[Message]
) -> tuple[Image, ...]:
    if not target.support_obsolete_images:
        return ()
    followed = []
    for image in sorted((i for i in own if i.name.endswith(OBSOLETE)), key=lambda i: i.name):
        name = image.name.removesuffix(OBSOLETE)
        if name in selected:
            messages.append(
                Message.warning(
                    f"Ignore obsolete master image {image.name} because {name} exists and it is synchronisable.",
                    image.name,
                )
            )
        elif name:
            followed.append(image)
    return tuple(followed)
