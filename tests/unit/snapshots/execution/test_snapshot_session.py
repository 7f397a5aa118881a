"""A run knows when what it waits for does not return any more (snapshots 4.7)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from fiwareglancesync.snapshots.ceph.cluster_lock import ClusterLock
from fiwareglancesync.snapshots.execution import snapshot_session
from fiwareglancesync.snapshots.execution.snapshot_session import SnapshotSession
from fiwareglancesync.snapshots.inventory.snapshot_files import load_schedule
from fiwareglancesync.snapshots.snapshot_options import SnapshotSettings
from tests.support.stand_ins.ceph_stand_in import CephStandIn, StoredCluster


def test_requests_have_their_time_from_when_the_lock_is_seen_to_have_ended(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sched.yml").write_text("web: 1@2\n")
    (tmp_path / "servers.txt").write_text("")
    schedule = load_schedule(str(tmp_path / "sched.yml"), str(tmp_path / "servers.txt"))
    ceph = CephStandIn(StoredCluster())
    clock = SimpleNamespace(moment=0, age=0)
    monkeypatch.setattr(snapshot_session, "passed_seconds", lambda: clock.moment)
    monkeypatch.setattr(ClusterLock, "age", property(lambda _: clock.age))
    session = SnapshotSession(ceph, engine, SnapshotSettings(ceph_timeout=10), schedule, lambda _: None)
    assert not session.hangs()
    with session.opened():
        found = []
        for clock.moment, clock.age in [(0, 30), (100, 100), (129, 129), (131, 131), (132, 1), (133, 31), (162, 60)]:
            found.append(session.hangs())
        assert found == [False, False, False, True, False, False, False]
