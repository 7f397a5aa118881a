"""What Ceph says of images and snapshots, as values (snapshots 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class ImageRef(NamedTuple):
    """An image for its whole life, whatever it is called.

    :param id: unique in its pool, never used again
    """

    pool: str
    id: str


class ImageState(Enum):
    """What has become of an image that was seen before."""

    LIVE = "live"
    """It has the name that it had."""

    RENAMED = "renamed"
    """It has another name."""

    DELETED = "deleted"
    """Its name ends in ``.deleted``: Cinder reports the volume as deleted, and snapshots keep it."""

    TRASHED = "trashed"
    """It is in the trash of its pool."""

    GONE = "gone"
    """It is not there any more."""


class Namespace(Enum):
    """Whose a snapshot is."""

    USER = "user"
    GROUP = "group"
    TRASH = "trash"
    """It was removed, and clones keep it."""

    MIRROR = "mirror"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SeenSnapshot:
    """A snapshot as its image lists it.

    :param id: unique in its image; later snapshots have higher ones
    :param original_name: that it had before it came into the namespace *trash*, "" in the others
    """

    id: int
    name: str
    namespace: Namespace = Namespace.USER
    original_name: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a pool or the cluster is, in bytes; a total of 0 means that it is not known."""

    used: int
    total: int


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """Health and usage of a cluster.

    :param checks: names of the health checks that are raised, such as ``OSD_NEARFULL``
    :param pools: by name
    """

    checks: frozenset[str] = frozenset()
    cluster: Usage = Usage(0, 0)
    pools: dict[str, Usage] = field(default_factory=dict)
