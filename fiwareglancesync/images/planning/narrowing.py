"""Showing and doing less than the whole plan, without computing it differently (sync 1.1, ``--image``)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase, translate

from ...base.text import nearest
from ..model import OBSOLETE, Image
from .links import links_of
from .plan import PlanEntry, RegionPlan
from .selection import Selection


@dataclass(frozen=True)
class Choice:
    """The patterns of ``--image``, or the UUIDs of ``--uuid``; none means everything.

    :param patterns: as in ``fnmatch``, case-sensitive
    :param uuids: of images of the source, in the form of ``normal_uuid``
    """

    patterns: tuple[str, ...] = ()
    uuids: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.patterns or self.uuids)

    def matches(self, name: str) -> bool:
        """Whether a name is chosen."""
        return not self or any(re.match(translate(p), name) for p in self.patterns)

    def chooses(self, image: Image) -> bool:
        """Whether an image of the source is chosen."""
        return image.id in self.uuids or self.matches(image.name)

    def unmatched(self, names: Sequence[str]) -> tuple[str, ...]:
        """The patterns that match none of the names, in their order."""
        return tuple(p for p in self.patterns if not any(re.match(translate(p), name) for name in names))


def why_unmatched(pattern: str, names: Sequence[str], all_names: Sequence[str]) -> str:
    """What is wrong with a pattern that matches no image to be synchronised, as a phrase about it.

    :param pattern: the pattern
    :param names: the names that a pattern may choose
    :param all_names: the names of all images of the master
    """
    text = "matches no image to be synchronised"
    literal = pattern.replace("[", "[[]")
    if any(fnmatchcase(name, literal) for name in names):
        return f"{text}; a [ begins a set of characters: write [[] for the character, as in {literal}"
    if any(fnmatchcase(name.casefold(), pattern.casefold()) for name in names):
        return f"{text}; upper and lower case differ"
    if any(fnmatchcase(name, pattern) or fnmatchcase(name, literal) for name in all_names):
        return f"{text}: the master has it, and the configuration does not select it"
    near = nearest(pattern, names)
    meant = f"; did you mean {near}?" if near is not None else ""
    sets = "; a [ begins a set of characters: write [[] for the character" if "[" in pattern else ""
    return text + sets + meant


def choosable_names(selection: Selection) -> list[str]:
    """All names that a pattern may choose: the selected images, the obsolete ones with and without suffix."""
    names = [selected.image.name for selected in selection.images]
    for image in selection.obsolete:
        names += [image.name, image.name.removesuffix(OBSOLETE)]
    names += [image.name for image in selection.to_hide]
    return names


def narrow(plan: RegionPlan, choice: Choice) -> RegionPlan:
    """Keep of a plan what is chosen, the pending images that it links to, and the images to be relinked to it.

    :param plan: the whole plan
    :param choice: what is chosen
    """
    if not choice:
        return plan
    by_name = {entry.name: entry for entry in plan.entries}
    by_uuid = {entry.image.id: entry for entry in plan.entries}
    kept: set[str] = set()
    waiting = [name for name, entry in by_name.items() if choice.chooses(entry.image)]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            # As the master links them: a plan's entry only knows the links that have to be set.
            linked = [by_uuid[uuid] for uuid in links_of(by_name[name].image).values() if uuid in by_uuid]
            linked += [by_name[other] for other in by_name[name].links.values()]  # a restore finds some by name
            waiting.extend(entry.name for entry in linked if entry.status.pending)
    remade = {entry.name for entry in plan.moves if entry.name in kept}
    kept.update(entry.name for entry in plan.relinks if not remade.isdisjoint(entry.links.values()))
    return replace(
        plan,
        entries=tuple(_within(kept, entry, by_name) for entry in plan.entries if entry.name in kept),
        moves=tuple(entry for entry in plan.moves if entry.name in kept),
        obsolete=tuple(
            change
            for change in plan.obsolete
            if choice.matches(change.name) or choice.matches(change.name.removesuffix(OBSOLETE))
        ),
        left_out=tuple(left for left in plan.left_out if choice.chooses(left.image)),
        messages=tuple(m for m in plan.messages if m.image is None or m.image in kept or choice.matches(m.image)),
    )


def _within(kept: Collection[str], entry: PlanEntry, by_name: Mapping[str, PlanEntry]) -> PlanEntry:
    """The entry, its links to images that are neither there nor made now left for a run that makes them."""
    links = {k: name for k, name in entry.links.items() if name in kept or by_name[name].region_image is not None}
    return entry if len(links) == len(entry.links) else replace(entry, links=links)
