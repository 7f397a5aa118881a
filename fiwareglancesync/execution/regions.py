"""Which regions are meant, and in which order (contract 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UsageError
from ..facade import Federation
from ..settings import MASTER, Settings, Target, full_name


@dataclass(frozen=True, slots=True)
class RegionRef:
    """A region as the user names it; it need not exist.

    :param target: name of its target
    :param region: its name in that target
    """

    target: str
    region: str

    @property
    def full(self) -> str:
        """The name that users see."""
        return full_name(self.target, self.region)

    @staticmethod
    def parse(word: str) -> RegionRef:
        """Read ``name``, ``target:name`` or ``target:``."""
        target, colon, region = word.partition(":")
        return RegionRef(target, region) if colon else RegionRef(MASTER, word)


def resolve_regions(words: Sequence[str], settings: Settings, federation: Federation) -> list[RegionRef]:
    """Expand and order what the command line names.

    :param words: as given; none means all regions of ``master``
    :param settings: targets, ``ignore_regions`` and ``preferable_order``
    :param federation: asked for the regions of the targets that are expanded, and for no others
    :raises UsageError: an expansion names an unknown target
    :raises CloudError: a target cannot be asked for its regions
    """
    found: dict[RegionRef, None] = {}
    expanded = not words
    for ref in map(RegionRef.parse, words or [f"{MASTER}:"]):
        if ref.region:
            found[ref] = None
            continue
        target = settings.targets.get(ref.target)
        if target is None:
            known = ", ".join(settings.targets)
            raise UsageError(f"{ref.target}: is no target of the configuration; it has: {known}")
        expanded = True
        found.update(dict.fromkeys(_expand(target, settings, federation)))
    if not expanded:
        return list(found)
    preferred = {RegionRef.parse(word): place for place, word in reversed(list(enumerate(settings.preferable_order)))}
    return sorted(found, key=lambda ref: (preferred.get(ref, len(preferred)), ref.full))


def _expand(target: Target, settings: Settings, federation: Federation) -> list[RegionRef]:
    """A target's regions, less the ignored ones and the master region under whatever name."""
    master = federation.place(settings.master, settings.master_region).address
    return [
        RegionRef(target.name, region)
        for region in federation.regions(target)
        if region not in target.ignore_regions and federation.place(target, region).address != master
    ]


def all_regions(target: Target, federation: Federation) -> list[RegionRef]:
    """All regions of a target, the master region and the ignored ones included.

    :param target: the target
    :param federation: asked for its regions
    :raises CloudError: the target cannot be asked
    """
    return [RegionRef(target.name, region) for region in federation.regions(target)]
