"""Conflicts: images of a region whose content is not the master's (sync 3.4), and decisions about them (sync 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ...base.messages import Message
from ..model import Image, SyncStatus, same_content
from ..settings import ANY, Decision, DecisionAction, Target
from .plan import PlanEntry, RegionPlan

Rule = tuple[Callable[[Target], frozenset[str]], bool, SyncStatus]

RULES: tuple[Rule, ...] = (
    (lambda target: target.dontupdate, False, SyncStatus.OK_STALLED_CHECKSUM),
    (lambda target: target.rename, False, SyncStatus.PENDING_RENAME),
    (lambda target: target.replace, False, SyncStatus.PENDING_REPLACE),
    (lambda target: target.rename, True, SyncStatus.PENDING_RENAME),
    (lambda target: target.replace, True, SyncStatus.PENDING_REPLACE),
)
"""The rules in their order: the list, whether its ``any`` is meant or the checksum itself, the status."""

DECIDED: Mapping[DecisionAction, SyncStatus] = {
    DecisionAction.DONTUPDATE: SyncStatus.OK_STALLED_CHECKSUM,
    DecisionAction.RENAME: SyncStatus.PENDING_RENAME,
    DecisionAction.REPLACE: SyncStatus.PENDING_REPLACE,
}
"""The status that a decision gives."""


def resolve_conflict(image: Image, target: Target, *, any_applies: bool = True) -> SyncStatus:
    """Apply a decision about this image and checksum, else the first rule that names the checksum, or any.

    :param image: the region's image; its MD5 or its multihash may be listed
    :param target: the target with ``dontupdate``, ``rename``, ``replace`` and the decisions for this run
    :param any_applies: False where the master states no hash, so that the contents cannot be compared
    """
    checksums = _checksums(image)
    if not is_stalled(image, target):  # a decision does not override dontupdate
        for decision in target.decisions.get(image.name, ()):
            if decision.fits(image):
                return DECIDED[decision.action]
    for listed, by_any, status in RULES:
        if (any_applies and ANY in listed(target)) if by_any else not checksums.isdisjoint(listed(target)):
            return status
    return SyncStatus.ERROR_CHECKSUM


def is_stalled(image: Image, target: Target) -> bool:
    """Whether ``dontupdate`` protects an image."""
    return not _checksums(image).isdisjoint(target.dontupdate)


def _checksums(image: Image) -> set[str]:
    """The hashes of an image, in lower case as the configuration's are."""
    return {checksum.lower() for checksum in (image.checksum, image.hash_value) if checksum}


def how_to_decide(name: str, image: Image, target: Target, *, any_applies: bool) -> str:
    """What to write into the configuration to settle a conflict, as a sentence.

    :param name: the image's name
    :param image: the region's image
    :param target: the target with its lists
    :param any_applies: whether ``any`` matches the image
    """

    def others(*keys: str) -> str:
        effect = {"rename": f"it is kept as {name}.old", "dontupdate": "it stays as it is"}
        section = target.section_of("replace")
        where = {key: "" if (own := target.section_of(key)) == section else f" in [{own}]" for key in keys}
        return ", ".join(f"with {key}{where[key]} {effect[key]}" for key in keys)

    checksum = image.checksum or image.hash_value
    line = f'"replace = {"…, " if target.replace else ""}{checksum or ANY}" in [{target.section_of("replace")}]'
    if checksum:
        return f"To decide, write {line}; then this image is replaced, {others('rename', 'dontupdate')}."
    delete = "To decide, delete the image in the region"
    if not any_applies:
        return f"{delete}."
    return f"{delete}, or write {line}; then every image with other content is replaced, {others('rename')}."


def decisions_without_effect(plan: RegionPlan, target: Target) -> list[Message]:
    """A warning for each decision that changes nothing, with the reason.

    :param plan: of the region, narrowed to the chosen images
    :param target: the region's target with the decisions
    """
    entries = {entry.name: entry for entry in plan.entries}
    return [
        Message.warning(f"{plan.region}: The decision about image {name} has no effect: {why}", name)
        for name, decisions in target.decisions.items()
        for why in _reasons(decisions, entries.get(name), target)
    ]


def _reasons(decisions: Iterable[Decision], entry: PlanEntry | None, target: Target) -> Iterator[str]:
    image = entry.region_image if entry is not None else None
    if entry is None:
        yield "no image of that name is synchronised in this run."
    elif image is None:
        yield "the region has no image of that name."
    elif same_content(entry.image, image):
        yield "the image has the master's content."
    else:
        fitting = [decision for decision in decisions if decision.fits(image)]
        if not fitting:
            meant = " or ".join(decision.checksum for decision in decisions)
            yield f"it is about checksum {meant}, the image has {_checksum(image)}."
        elif fitting[0].action is not DecisionAction.DONTUPDATE and is_stalled(image, target):
            yield f"dontupdate lists checksum {fitting[0].checksum}, and a decision does not override that list."
        elif not image.is_active:
            yield f"the image is {image.status} in the region."


def _checksum(image: Image) -> str:
    return image.checksum or image.hash_value or "none"
