"""Decides when a checkpoint is complete, and what to do when replication stands still (vms 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import Enum

from ..replication.georep_model import BROKEN, PairStatus, Session, Volume


def obstacle(session: Session, volume: Volume, checkpoint: int, zone: tzinfo | None) -> str:
    """Why a checkpoint is not complete, in words; "" when it is.

    Only a session that is not paused and not stopped says so, and only for the checkpoint that it shows.

    :param volume: the master volume
    :param checkpoint: in seconds since 1970
    :param zone: of the node's local time, in which gluster shows times; None for that of this machine
    """
    broken = [f"{pair.brick} is {pair.status.value}" for pair in session.pairs if pair.status in BROKEN]
    if broken:
        return ", ".join(broken)
    active = [pair for pair in session.pairs if pair.status is PairStatus.ACTIVE]
    if not active:
        return "no pair is active"
    bricks = {pair.brick for pair in active}
    unserved = [sorted(bricks_of_set) for bricks_of_set in volume.replica_sets if not bricks_of_set & bricks]
    if unserved or not volume.replica_sets:
        return f"no pair is active for {', '.join(unserved[0])}" if unserved else "the volume has no bricks"
    expected = datetime.fromtimestamp(checkpoint, zone).replace(tzinfo=None)
    waiting = [
        pair.brick for pair in active if pair.is_checkpoint_complete is not True or pair.checkpoint_time != expected
    ]
    return f"the checkpoint is not complete on {', '.join(waiting)}" if waiting else ""


def is_complete(session: Session, volume: Volume, checkpoint: int, zone: tzinfo | None) -> bool:
    """Whether everything that was written before a checkpoint is at the slave; the parameters are ``obstacle``'s."""
    return not obstacle(session, volume, checkpoint, zone)


class Next(Enum):
    """What to do while a checkpoint is not complete."""

    WAIT = "wait"
    RESTART = "stop and start the session"
    FAIL = "give up"


@dataclass(frozen=True, slots=True)
class StallWatch:
    """Watches whether replication goes on.

    :param stall: seconds that ``last_synced`` may stand still
    :param since: when it changed last, in seconds of a clock that never goes back
    :param restarted: whether the session has been stopped and started because of it
    """

    stall: float
    since: float
    last_synced: datetime | None = None
    restarted: bool = False

    def look(self, last_synced: datetime | None, now: float) -> tuple[StallWatch, Next]:
        """What to do after a look at the session.

        :param last_synced: what the session says
        :param now: seconds of the same clock
        """
        if last_synced is not None and last_synced != self.last_synced:
            return replace(self, last_synced=last_synced, since=now), Next.WAIT
        if now - self.since < self.stall:
            return self, Next.WAIT
        if self.restarted:
            return self, Next.FAIL
        return replace(self, since=now, restarted=True), Next.RESTART


def free_enough(free: int, total: int, percent: int) -> bool:
    """Whether a file system has room for the overlays that grow during a run.

    :param free: bytes
    :param total: bytes
    :param percent: the least share that has to be free
    """
    return free * 100 >= total * percent


def shard_problems(master: Volume, slave: Volume, method: str) -> Sequence[str]:
    """What is wrong with how two volumes and their session are sharded (vms 2).

    :param method: how the session copies, ``rsync`` or ``tarssh``
    """
    problems = []
    if master.shard_size != slave.shard_size:
        sizes = [f"{volume.name} has {volume.shard_size or 'no shards'}" for volume in (master, slave)]
        problems.append(f"both volumes must be sharded alike: {', '.join(sizes)}")
    if master.shard_size and method != "rsync":
        problems.append(f"a sharded volume is replicated with rsync only, and the session uses {method}")
    return problems
