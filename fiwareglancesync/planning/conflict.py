"""What happens to an image of the region whose content is not the master's (contract 3.4)."""

from __future__ import annotations

from collections.abc import Callable

from ..model import Image, SyncStatus
from ..settings import ANY, Target

Rule = tuple[Callable[[Target], frozenset[str]], bool, SyncStatus]

RULES: tuple[Rule, ...] = (
    (lambda target: target.dontupdate, False, SyncStatus.OK_STALLED_CHECKSUM),
    (lambda target: target.rename, False, SyncStatus.PENDING_RENAME),
    (lambda target: target.replace, False, SyncStatus.PENDING_REPLACE),
    (lambda target: target.rename, True, SyncStatus.PENDING_RENAME),
    (lambda target: target.replace, True, SyncStatus.PENDING_REPLACE),
)
"""The rules in their order: the list, whether its ``any`` is meant or the checksum itself, the status."""


def resolve_conflict(image: Image, target: Target) -> SyncStatus:
    """Apply the first rule that names the image's checksum, or any.

    :param image: the region's image; its MD5 or its multihash may be listed
    :param target: the target with ``dontupdate``, ``rename`` and ``replace``
    """
    checksums = {checksum for checksum in (image.checksum, image.hash_value) if checksum}
    for listed, by_any, status in RULES:
        if (ANY in listed(target)) if by_any else not checksums.isdisjoint(listed(target)):
            return status
    return SyncStatus.ERROR_CHECKSUM
