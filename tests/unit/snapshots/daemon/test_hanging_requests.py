"""The daemon ends when requests do not return, so that the next one goes on (snapshots 4.7)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.snapshots.ceph.ceph_errors import RequestsHang
from fiwareglancesync.snapshots.execution.snapshot_session import SnapshotSession
from fiwareglancesync.snapshots.planning.service_state import State
from tests.support.snapshot_daemons import DaemonBench
from tests.support.snapshot_runs import HOUR, MINUTE


@pytest.mark.parametrize("timeout", [30, 300])
def test_a_daemon_whose_requests_do_not_return_ends_after_a_failure(
    engine: Engine, tmp_path: Path, timeout: int
) -> None:
    bench = DaemonBench(engine, tmp_path, schedule="web: 2@2\ndb: 2@3\n")
    bench.settings = replace(bench.settings, ceph_timeout=timeout)
    bench.executor.is_delayed = True

    def hang() -> None:
        for future, _ in bench.executor.delayed:
            assert future.set_running_or_notify_cancel()
        bench.cluster.is_silent = True

    bench.clock.at(14 * HOUR + MINUTE, hang)
    with pytest.raises(RequestsHang) as hanging:
        bench.run(20 * HOUR)
    assert 0 < bench.clock.seconds - 15 * 3600 - 3 * timeout <= 120
    assert bench.problems[-1][State.CLUSTER] == str(hanging.value)
    assert hanging.value.leaves_threads


def test_a_daemon_whose_lock_has_ended_while_requests_do_not_return_ends(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = DaemonBench(engine, tmp_path)
    bench.executor.is_delayed = True
    monkeypatch.setattr(SnapshotSession, "hangs", lambda _: bench.clock.seconds > 15 * 3600)
    with pytest.raises(RequestsHang):
        bench.run(20 * HOUR)
    assert bench.clock.seconds <= 15 * 3600 + 60
