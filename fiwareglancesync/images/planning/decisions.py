"""What becomes of the decisions for one run (sync 5.3): those without effect are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...base.messages import Message
from ..model import Image, same_content
from ..settings import Decision, DecisionAction, Target
from .conflict import is_stalled
from .plan import PlanEntry, RegionPlan


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
