"""Which regions are meant, and in which order (sync 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..base.errors import CloudError, UnknownRegion, UsageError
from ..base.messages import Message
from ..base.text import nearest
from .places import Federation, Place, ReadablePlace, common_address, is_same_place, is_same_region
from .places.port import HasCatalog, unknown_region
from .settings import MASTER, Settings, Target, full_name

Refuse = Callable[["RegionRef", CloudError], None]
"""Takes a region that was named and cannot be done, and why."""

Lost = Callable[[Target, CloudError], None]
"""Takes a target that cannot be asked for its regions, and why."""


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


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """A region that exists.

    :param is_master: whether it is the master region, under whatever name
    :param is_ignored: whether ``ignore_regions`` of its target names it
    :param is_named: whether the command line names it, so that it is done although it is ignored
    """

    ref: RegionRef
    is_master: bool = False
    is_ignored: bool = False
    is_named: bool = False

    @property
    def is_done(self) -> bool:
        """Whether a run includes it."""
        return self.is_named or not (self.is_master or self.is_ignored)


def resolve_regions(
    words: Sequence[str],
    settings: Settings,
    federation: Federation,
    lost: Lost | None = None,
    report: Callable[[Message], None] | None = None,
    refuse: Refuse | None = None,
) -> list[RegionRef]:
    """Check, expand and order what the command line names; a target is signed in to only if it is named.

    :param words: as given; none means all regions of ``master``
    :param settings: targets, ``ignore_regions`` and ``preferable_order``
    :param federation: asked for the regions of the targets that are named, and for no others
    :param lost: called for each target, but ``master``, that cannot be asked for its regions: the others go on; None
        means that this is raised
    :param report: takes the warning about a region that is left out because its address is the master's
    :param refuse: called for each region that was named and is unknown, or whose target cannot be asked: it is left
        out, the others go on; None means that this is raised
    :raises UsageError: a word names an unknown target
    :raises CloudError: the regions of a target cannot be listed for its regions
    """
    refs = list(dict.fromkeys(RegionRef.parse(word) for word in words or [f"{MASTER}:"]))
    for ref in refs:
        if ref.target not in settings.targets:
            raise UsageError(unknown_target(ref, settings))
    expanded = any(not ref.region for ref in refs)
    refused, down = _check(refs, settings, federation, refuse)
    found: dict[RegionRef, None] = {}
    for ref in refs:
        if ref.region:
            if ref not in refused:
                found[ref] = None
            continue
        target = settings.targets[ref.target]
        master = federation.place(settings.master, settings.master_region)
        try:
            if ref.target in down:
                raise down[ref.target]
            found.update(dict.fromkeys(_expand(target, master, federation, report)))
        except CloudError as error:
            if lost is None or target.name == MASTER:
                raise
            lost(target, error)
    if not expanded:
        return list(found)
    preferred = {RegionRef.parse(word): place for place, word in reversed(list(enumerate(settings.preferable_order)))}
    return sorted(found, key=lambda ref: (preferred.get(ref, len(preferred)), ref.full))


def _check(
    refs: Sequence[RegionRef], settings: Settings, federation: Federation, refuse: Refuse | None
) -> tuple[set[RegionRef], dict[str, CloudError]]:
    """Refuse the regions that were named and cannot be done.

    :return: these regions, and by name the targets that cannot be asked
    """
    refused: set[RegionRef] = set()
    down: dict[str, CloudError] = {}
    for name in dict.fromkeys(ref.target for ref in refs if ref.region):
        target = settings.targets[name]
        named = [ref for ref in refs if ref.target == name and ref.region]
        errors: dict[RegionRef, CloudError]
        try:
            known = federation.regions(target)
            unknown = {ref.region for ref in named}.difference(known)
            errors = {ref: _why_unknown(ref, target, known, federation) for ref in named if ref.region in unknown}
        except CloudError as error:
            down[name] = error
            errors = dict.fromkeys(named, error)
        for ref, why in errors.items():
            if refuse is None:
                raise why
            refuse(ref, why)
            refused.add(ref)
    return refused, down


def _why_unknown(ref: RegionRef, target: Target, known: Sequence[str], federation: Federation) -> UnknownRegion:
    """Why a region that was named is none of its target's."""
    if isinstance(federation, HasCatalog):
        return federation.why_unknown(target, ref.region)
    return unknown_region(target, ref.region, known)


def unknown_target(ref: RegionRef, settings: Settings) -> str:
    """The error that no such target is configured, with those that are.

    :param ref: a region of that target, or all of them
    :param settings: the configuration
    """
    if not ref.target:
        named = f"{ref.region}, or TARGET:{ref.region} with one of the targets" if ref.region else "one of the targets"
        return f":{ref.region}: there is no name before the colon; write {named}: {', '.join(settings.targets)}"
    near = nearest(ref.target, settings.targets)
    subject = f"{ref.full}: unknown target {ref.target}" if ref.region else f"{ref.target}: unknown target"
    text = f"{subject}; the configuration has: {', '.join(settings.targets)}"
    if near is None:
        return text if ref.region else f"{text}; a region of master is written without colon: {ref.target}"
    return f"{text}; did you mean {full_name(near, ref.region) if ref.region else f'{near}:'}?"


def _expand(
    target: Target, master: ReadablePlace, federation: Federation, report: Callable[[Message], None] | None
) -> list[RegionRef]:
    """A target's regions, without the ignored ones and the master region, under any name."""
    return [region.ref for region in _known_regions(target, master, federation, report) if region.is_done]


def _known_regions(
    target: Target, master: ReadablePlace, federation: Federation, report: Callable[[Message], None] | None
) -> list[KnownRegion]:
    """All regions of a target."""
    regions = federation.regions(target)
    if not regions and report is not None:
        report(Message.warning(f"Target {target.name} has no region with images"))
    return [known_region(target, region, master, federation, report) for region in regions]


def known_region(
    target: Target,
    region: str,
    master: ReadablePlace,
    federation: Federation,
    report: Callable[[Message], None] | None = None,
) -> KnownRegion:
    """A region, and whether an expansion leaves it out.

    :param target: its target
    :param region: its name in that target
    :param master: the master region
    :param federation: both
    :param report: takes the warning that it is left out because its address is the master's
    """
    is_ignored, is_master = region in target.ignore_regions, False
    with suppress(CloudError):  # it fails in its turn, and no other region does
        place = federation.place(target, region)
        is_master = is_same_place(place.identity, master.identity)
        if is_master and not is_ignored and report is not None and (why := master_by_address_warning(place, master)):
            report(why)
    return KnownRegion(RegionRef(target.name, region), is_master, is_ignored)


def master_by_address_warning(place: Place, master: ReadablePlace) -> Message | None:
    """The warning that a region is taken for the master because of its address alone (sync 1.3).

    :param place: any region
    :param master: the master region
    :return: None when it is not the master, or is known to be the master by more than its address
    """
    address = common_address(place.identity, master.identity)
    if address is None or is_same_region(place.identity, master.identity):
        return None
    return Message.warning(
        f"{place.name}: taken for the master region {master.name}, as both have the address {address}; nothing is "
        "written there. If these are two regions, correct their addresses in the catalog"
    )


def known_regions(
    settings: Settings, federation: Federation, master: ReadablePlace, lost: Lost, report: Callable[[Message], None]
) -> list[KnownRegion]:
    """All regions of all targets in the order of the file, the master's target first, with what they are.

    :param settings: the targets
    :param federation: asked for their regions
    :param master: the master region
    :param lost: called for each target that cannot be asked, the others go on
    :param report: takes the warning about a region that is left out because its address is the master's
    """
    found: list[KnownRegion] = []
    for target in settings.targets.values():
        try:
            found += _known_regions(target, master, federation, report)
        except CloudError as error:
            lost(target, error)
    return found


def all_regions(settings: Settings, federation: Federation, lost: Lost | None = None) -> list[RegionRef]:
    """All regions of all targets, the master region and the ignored ones included.

    :param settings: the targets
    :param federation: asked for their regions
    :param lost: called for each target that cannot be asked, the others go on; None means that this is raised
    :raises CloudError: the regions of a target cannot be listed
    """
    refs: list[RegionRef] = []
    for target in settings.targets.values():
        try:
            refs += [RegionRef(target.name, region) for region in federation.regions(target)]
        except CloudError as error:
            if lost is None:
                raise
            lost(target, error)
    return refs
