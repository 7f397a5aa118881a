"""Which regions are meant, and in which order (contract 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import CloudError, UsageError
from ..facade import Federation, Place, common_address, is_same_place, is_same_region
from ..model import Message
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
    tell: Callable[[Message], None] | None = None,
) -> list[RegionRef]:
    """Expand and order what the command line names.

    :param words: as given; none means all regions of ``master``
    :param settings: targets, ``ignore_regions`` and ``preferable_order``
    :param federation: asked for the regions of the targets that are expanded, and for no others
    :param lost: told of a target, not ``master``, that cannot be asked for its regions: the others go on; None means
        that this is raised
    :param tell: told of a region that is left out because its address is the master's
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
        master = federation.place(settings.master, settings.master_region)
        try:
            found.update(dict.fromkeys(_expand(target, master, federation, tell)))
        except CloudError as error:
            if lost is None or target.name == MASTER:
                raise
            lost(target, error)
    if not expanded:
        return list(found)
    preferred = {RegionRef.parse(word): place for place, word in reversed(list(enumerate(settings.preferable_order)))}
    return sorted(found, key=lambda ref: (preferred.get(ref, len(preferred)), ref.full))


def _expand(
    target: Target, master: Place, federation: Federation, tell: Callable[[Message], None] | None
) -> list[RegionRef]:
    """A target's regions, less the ignored ones and the master region under whatever name."""
    refs = []
    for region in federation.regions(target):
        if region in target.ignore_regions:
            continue
        try:
            place = federation.place(target, region)
        except CloudError:
            refs.append(RegionRef(target.name, region))  # it fails in its turn, and alone
            continue
        if not is_same_place(place.identity, master.identity):
            refs.append(RegionRef(target.name, region))
        elif tell is not None and (warning := master_by_address(place, master)):
            tell(warning)
    return refs


def master_by_address(place: Place, master: Place) -> Message | None:
    """What the user is told of a region that is taken for the master because of its address alone (contract 1.3).

    :param place: any region
    :param master: the master region
    :return: the warning; None when it is not the master, or beyond doubt
    """
    address = common_address(place.identity, master.identity)
    if address is None or is_same_region(place.identity, master.identity):
        return None
    return Message.warning(
        f"{place.name}: taken for the master region {master.name}, as both have the address {address}; nothing is "
        "written there. If these are two regions, correct their addresses in the catalog"
    )


def all_regions(target: Target, federation: Federation) -> list[RegionRef]:
    """All regions of a target, the master region and the ignored ones included.

    :param target: the target
    :param federation: asked for its regions
    :raises CloudError: the target cannot be asked
    """
    return [RegionRef(target.name, region) for region in federation.regions(target)]
