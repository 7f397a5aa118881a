"""What the bindings of Ceph answer, as values (snapshots 5)."""

from __future__ import annotations

from typing import Any

from .ceph_model import Namespace, SeenSnapshot, Usage

NAMESPACES = {0: Namespace.USER, 1: Namespace.GROUP, 2: Namespace.TRASH, 3: Namespace.MIRROR}
"""The namespaces of snapshots by librbd's numbers."""


def seen_snapshot(listed: dict[str, Any]) -> SeenSnapshot:
    """A snapshot as its image lists it."""
    original = str(listed.get("trash", {}).get("original_name", ""))
    return SeenSnapshot(listed["id"], listed["name"], NAMESPACES.get(listed["namespace"], Namespace.UNKNOWN), original)


def changed_bytes(opened: Any, size: int, before: str | None) -> int:
    """How many bytes of an open snapshot are in objects that were written to.

    :param before: the name of the snapshot since which, None for all
    """
    total = 0

    def count(offset: int, length: int, is_there: bool) -> None:
        nonlocal total
        total += length if is_there else 0

    opened.diff_iterate(0, size, before, count, include_parent=False, whole_object=True)
    return total


def pool_usage(stats: dict[str, Any]) -> Usage:
    """How full a pool is: what it uses, and what it may still take."""
    used, available = int(stats.get("stored", stats["bytes_used"])), int(stats["max_avail"])
    return Usage(used, used + available if available else 0)
