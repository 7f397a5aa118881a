"""What happens to an image of the region whose content is not the master's (sync 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model import Image, SyncStatus
from ..settings import ANY, DecisionAction, Target

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
    :param any_applies: False where the master states no hash, so that nothing tells the contents apart
    """
    checksums = _checksums(image)
    if not is_stalled(image, target):  # a decision never undoes a protection
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
