"""One process at a time works on a cluster, and one that may have lost its lock begins nothing more (snapshots 4.8)."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.ceph.ceph_errors import LockHeld
from fiwareglancesync.snapshots.ceph.cluster_lock import ClusterLock, LockTooOld
from tests.support.snapshot_runs import POOL
from tests.support.stand_ins.ceph_stand_in import CephStandIn, StoredCluster


class Bench:
    """A lock that is held."""

    def __init__(self) -> None:
        self.cluster = StoredCluster()
        self.moment = 0.0
        self.lock = ClusterLock(CephStandIn(self.cluster), POOL, lambda: self.moment)
        self.lock.renew()


def test_a_lock_that_ended_meanwhile_is_never_taken_again() -> None:
    bench = Bench()
    bench.moment = 61  # this process was stopped, and another one may have come and gone
    with pytest.raises(LockTooOld, match="another process may have worked on the cluster"):
        bench.lock.renew()
    with pytest.raises(LockTooOld):
        bench.lock.guard()


def test_a_lock_that_another_process_has_is_lost() -> None:
    bench = Bench()
    bench.cluster.locks.clear()
    other = ClusterLock(CephStandIn(bench.cluster), POOL)
    other.renew()
    with pytest.raises(LockHeld):
        bench.lock.renew()
    other.release()
    with pytest.raises(LockTooOld):
        bench.lock.guard()
