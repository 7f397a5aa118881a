"""Which regions are meant, and in which order (contract 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import CloudError, UsageError
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


def resolve_regions(
    words: Sequence[str],
    settings: Settings,
    federation: Federation,
    lost: Callable[[Target, CloudError], None] | None = None,
) -> list[RegionRef]:
    """Expand and order what the command line names.

    :param words: as given; none means all regions of ``master``
    :param settings: targets, ``ignore_regions`` and ``preferable_order``
    :param federation: asked for the regions of the targets that are expanded, and for no others
    :param lost: told of a target, not ``master``, that cannot be asked for its regions: the others go on; None means
        that this is raised
    :raises UsageError: an expansion names an unknown target
    :raises CloudError: a target cannot be asked for its regions
    """
    refs = [RegionRef.parse(word) for word in words or [f"{MASTER}:"]]
    for ref in refs:
        if not ref.region and ref.target not in settings.targets:
            known = ", ".join(settings.targets)
            raise UsageError(f"{ref.target}: is no target of the configuration; it has: {known}")
    expanded = any(not ref.region for ref in refs)
    found: dict[RegionRef, None] = {}
    for ref in refs:
        if ref.region:
            found[ref] = None
            continue
        target = settings.targets[ref.target]
        master = federation.place(settings.master, settings.master_region).address
        try:
            found.update(dict.fromkeys(_expand(target, master, federation)))
        except CloudError as error:
            if lost is None or target.name == MASTER:
                raise
            lost(target, error)
    if not expanded:
        return list(found)
    preferred = {RegionRef.parse(word): place for place, word in reversed(list(enumerate(settings.preferable_order)))}
    return sorted(found, key=lambda ref: (preferred.get(ref, len(preferred)), ref.full))


def _expand(target: Target, master: str, federation: Federation) -> list[RegionRef]:
    """A target's regions, less the ignored ones and the master region, known by its address, under whatever name."""
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
