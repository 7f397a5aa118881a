"""A session of geo-replication and the volumes at its ends, as gluster reports them (vms 2.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

_SIZE = re.compile(r"(\d+)(K|M|G|T|)(?:I?B)?")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class PairStatus(Enum):
    """What gluster says of a pair: a brick of the master and the worker that replicates it."""

    ACTIVE = "active"
    PASSIVE = "passive"
    PAUSED = "paused"
    STOPPED = "stopped"
    CREATED = "created"
    INITIALIZING = "initializing"
    FAULTY = "faulty"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


BROKEN = frozenset({PairStatus.CREATED, PairStatus.INITIALIZING, PairStatus.FAULTY, PairStatus.OFFLINE,
                    PairStatus.UNKNOWN})  # fmt: skip
"""With such a pair a checkpoint is not complete, whatever the others say."""

AT_REST = frozenset({PairStatus.PAUSED, PairStatus.STOPPED, PairStatus.CREATED})
"""A pair in one of these writes nothing to the slave."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A brick of the master volume, and what is known of its replication.

    :param brick: ``HOST:/PATH``
    :param is_checkpoint_complete: None when gluster does not say, as for passive and paused pairs
    :param last_synced: in the local time of the node, None when gluster does not say
    :param checkpoint_time: likewise
    """

    brick: str
    status: PairStatus
    is_checkpoint_complete: bool | None = None
    last_synced: datetime | None = None
    checkpoint_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session of geo-replication: its pairs in the order of gluster's answer."""

    pairs: tuple[Pair, ...]

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is written to the slave."""
        return bool(self.pairs) and all(pair.status in AT_REST for pair in self.pairs)

    @property
    def is_active(self) -> bool:
        """Whether something may be written to the slave."""
        return not self.is_at_rest

    @property
    def is_paused(self) -> bool:
        """Whether it was paused, and goes on by being resumed."""
        return any(pair.status is PairStatus.PAUSED for pair in self.pairs)

    @property
    def last_synced(self) -> datetime | None:
        """Up to when everything is at the slave; None when an active pair does not say."""
        times = [pair.last_synced for pair in self.pairs if pair.status is PairStatus.ACTIVE]
        known = [time for time in times if time is not None]
        return min(known) if known and len(known) == len(times) else None


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume.

    :param replica_sets: the bricks, as ``HOST:/PATH``, that hold the same files, for each set
    :param options: those that are set
    """

    name: str
    is_started: bool
    replica_sets: tuple[frozenset[str], ...]
    options: Mapping[str, str]

    @property
    def keeps_times(self) -> bool:
        """Whether the times of a file change with its content.

        Those of a sharded file are of its first shard: a write to another one is not seen by other clients.
        """
        return not self.shard_size

    @property
    def shard_size(self) -> str:
        """The size of a shard as it is set, "" for a volume that is not sharded."""
        if self.options.get("features.shard") not in ("on", "enable", "true", "yes", "1"):
            return ""
        return self.options.get("features.shard-block-size", "64MB")

    @property
    def shard_bytes(self) -> int:
        """The size of a shard, 0 for a volume that is not sharded, or whose size cannot be read."""
        found = _SIZE.fullmatch(self.shard_size.upper())
        return int(found[1]) * _UNITS[found[2]] if found else 0
