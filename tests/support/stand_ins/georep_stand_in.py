"""Geo-replication in memory: what gluster does, as far as the program can see it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from fiwareglancesync.vms.replication.georep_model import Pair, PairStatus, Session, Volume
from fiwareglancesync.vms.vm_errors import GlusterError, NoSession

FIRST_SECOND = 1_700_000_000


@dataclass
class StoredReplication:
    """Two volumes and a session.

    :param now: the clock, in seconds since 1970
    :param written: when something was last written to the master, likewise
    :param mounts: folders that the slave is mounted at
    """

    master: Volume
    slave: Volume
    has_session: bool = True
    status: PairStatus = PairStatus.CREATED
    checkpoint: int | None = None
    now: int = FIRST_SECOND
    written: int = 0
    mounts: set[str] = field(default_factory=set)


class GeorepStandIn:
    """A session of geo-replication in memory."""

    def __init__(self, stored: StoredReplication) -> None:
        self._stored = stored

    def master(self) -> Volume:
        return self._stored.master

    def slave(self) -> Volume:
        return self._stored.slave

    def session(self) -> Session:
        if not self._stored.has_session:
            raise NoSession("there is no session of geo-replication")
        [brick] = self._stored.master.replica_sets[0]
        pair = Pair(brick, self._stored.status)
        if self._stored.status is PairStatus.ACTIVE:
            pair = replace(pair, **self._of_active())  # type: ignore[arg-type]
        return Session((pair,))

    def method(self) -> str:
        self.session()
        return "rsync"

    def set_checkpoint(self) -> int:
        self.session()
        self._stored.checkpoint = self._stored.now
        return self._stored.now

    def start(self) -> None:
        if self.session().is_at_rest:
            self._stored.status = PairStatus.ACTIVE

    def stop(self) -> None:
        self.session()
        self._stored.status = PairStatus.STOPPED

    def pause(self) -> None:
        if not self.session().is_at_rest:
            self._stored.status = PairStatus.PAUSED

    def mount_master(self, folder: str) -> None:
        self.mount_slave(folder)

    def mount_slave_for_reading(self, folder: str) -> None:
        self.mount_slave(folder)

    def mount_slave(self, folder: str) -> None:
        if folder in self._stored.mounts:
            raise GlusterError(f"{folder} is mounted already")
        self._stored.mounts.add(folder)

    def unmount(self, folder: str) -> None:
        self._stored.mounts.discard(folder)

    def _of_active(self) -> dict[str, object]:
        checkpoint = self._stored.checkpoint
        synced = datetime.fromtimestamp(self._stored.written or FIRST_SECOND)
        if checkpoint is None:
            return {"last_synced": synced}
        return {
            "last_synced": synced,
            "checkpoint_time": datetime.fromtimestamp(checkpoint),
            "is_checkpoint_complete": self._stored.written > checkpoint,
        }
