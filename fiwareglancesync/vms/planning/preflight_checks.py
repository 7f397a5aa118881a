"""Decides whether a run may begin, from what gluster, rsync and the file systems answer (vms 2.0)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ..replication.georep_model import PairStatus, Session, Volume
from .checkpoint_progress import free_enough, shard_problems

RSYNC = "rsync"
REFUSED_RSYNC = frozenset({"3.5.0"})
"""Versions that copy nothing under geo-replication, and report success."""

FAULTY = frozenset({PairStatus.FAULTY, PairStatus.OFFLINE, PairStatus.UNKNOWN})
_VERSION = re.compile(r"^rsync\s+version\s+v?(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Space:
    """The room of a file system.

    :param where: how messages name it
    :param free: bytes
    :param total: bytes
    """

    where: str
    free: int
    total: int


def volume_problems(master: Volume, slave: Volume, method: str) -> tuple[str, ...]:
    """Why two volumes cannot be replicated.

    :param method: how the session copies, ``rsync`` or ``tarssh``
    """
    stopped = [f"the volume {volume.name} is not started" for volume in (master, slave) if not volume.is_started]
    return (*stopped, *shard_problems(master, slave, method))


def session_problems(session: Session) -> tuple[str, ...]:
    """Which pairs keep a session from replicating everything."""
    faulty = [f"geo-replication of {pair.brick} is {pair.status.value}" for pair in session.pairs
              if pair.status in FAULTY]  # fmt: skip
    return tuple(faulty) if session.pairs else ("the session of geo-replication has no bricks",)


def rsync_problem(text: str, where: str, method: str) -> str:
    """Why an rsync cannot be used; "" when it can.

    :param text: what ``rsync --version`` prints there, "" when that is not known
    :param where: the host
    :param method: how the session copies
    """
    found = _VERSION.search(text)
    if method != RSYNC or found is None or found[1] not in REFUSED_RSYNC:
        return ""
    return (
        f"rsync {found[1]} on {where} copies nothing under geo-replication, and reports success; "
        "install another version, or set the session's sync-method to tarssh"
    )


def space_problems(spaces: Collection[Space], percent: int) -> tuple[str, ...]:
    """Which file systems have too little room.

    :param percent: the least share that has to be free
    """
    return tuple(
        f"{space.where} has {space.free * 100 // max(1, space.total)} % free, and {percent} % are needed"
        for space in spaces
        if not free_enough(space.free, space.total, percent)
    )


def touched(session: Session, ended: float | None, zone: tzinfo | None) -> str:
    """What shows that something else than this program wrote to the slave since our last run; "" for nothing.

    Then the slave is torn: what guests wrote at that time may be in its files.

    :param session: before this run changes it
    :param ended: when our last run saw the session at rest, in seconds since 1970; None when there was no run
    :param zone: of the node's local time, in which gluster shows times; None for that of this machine
    """
    active = [pair.brick for pair in session.pairs if pair.status in (PairStatus.ACTIVE, PairStatus.PASSIVE)]
    if active:
        return f"geo-replication is active for {', '.join(active)}, and was not started by a backup"
    if ended is None:
        return ""
    last = datetime.fromtimestamp(ended, zone).replace(tzinfo=None)
    later = [f"{pair.brick} at {pair.last_synced}" for pair in session.pairs
             if pair.last_synced is not None and pair.last_synced > last]  # fmt: skip
    return f"geo-replication has copied since the last backup: {', '.join(later)}" if later else ""
