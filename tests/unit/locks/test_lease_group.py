"""Leases that one process holds at the same time: renewed together, lost one by one, written under."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, event, select, update

from fiwareglancesync.base.database import key_of, open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable, LeaseLost
from fiwareglancesync.base.machine import this_machine
from fiwareglancesync.locks import lease_group
from fiwareglancesync.locks.lease import LeaseTiming, leases, renew_all
from fiwareglancesync.locks.lease_group import HeldLease, LeaseGroup
from tests.support.conditions import wait_for
from tests.support.server import ROOT

MINUTES = 300.0
NEVER = LeaseTiming(lease=3600.0, renewal=1e9)
"""Leases that only a call renews."""

ELSEWHERE = """
import sys, time
database, ahead, lasts = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
right = time.time
time.time = lambda: right() + ahead
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.locks.lease import LeaseTiming
from fiwareglancesync.locks import lease_group
lease_group.this_boot = lambda: "elsewhere pid:[1] 1"
LeaseGroup = lease_group.LeaseGroup
with LeaseGroup(open_engine(database), "theirs", LeaseTiming(lease=lasts)) as group:
    print(group.take("project P") is not None, flush=True)
    sys.stdin.read()
"""
"""A process that holds a lease until its standard input ends; its clock may be wrong."""


@pytest.fixture
def ours(engine: Engine) -> Iterator[LeaseGroup]:
    """A group of this process."""
    with LeaseGroup(engine, "ours", NEVER) as group:
        yield group


@pytest.fixture
def theirs(engine: Engine) -> Iterator[LeaseGroup]:
    """A group of another one."""
    with LeaseGroup(engine, "theirs", NEVER) as group:
        yield group


def taken(group: LeaseGroup, identity: str = "project P") -> HeldLease:
    """A lease that nobody had."""
    lease = group.take(identity)
    assert lease is not None
    return lease


def let_expire(engine: Engine, identity: str = "project P") -> None:
    """A lease was not renewed for too long."""
    with engine.begin() as connection:
        connection.execute(update(leases).where(leases.c.identity == key_of(identity)).values(expires=1.0))


def written(engine: Engine, lease: HeldLease) -> bool:
    """Whether something can be written under a lease."""
    try:
        with engine.begin() as connection:
            lease.guard(connection)
    except LeaseLost:
        return False
    return True


def test_one_group_has_a_lease_and_only_once(ours: LeaseGroup, theirs: LeaseGroup) -> None:
    assert ours.take("project P") is not None
    assert theirs.take("project P") is None
    assert ours.take("project P") is None
    assert theirs.take("project Q") is not None


def test_of_many_at_once_one_gets_a_free_lease(engine: Engine) -> None:
    groups = [LeaseGroup(engine, f"run {number}", NEVER) for number in range(8)]
    for _ in range(3):
        barrier = Barrier(len(groups))

        def take(group: LeaseGroup, barrier: Barrier = barrier) -> HeldLease | None:
            barrier.wait()
            return group.take("project P")

        with ThreadPoolExecutor(len(groups)) as threads:
            (held,) = [lease for lease in threads.map(take, groups) if lease is not None]
        let_expire(engine)
        assert written(engine, held)


def test_a_lease_that_is_given_back_is_free_at_once(engine: Engine, ours: LeaseGroup, theirs: LeaseGroup) -> None:
    lease = taken(ours)
    lease.give_back()
    assert lease.is_lost
    assert not lease.outlives(0)
    assert not written(engine, lease)
    assert theirs.take("project P") is not None


def test_all_are_given_back_in_the_end_in_one_transaction(
    engine: Engine, theirs: LeaseGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_group, "CHUNK", 1)
    commits: list[object] = []
    with LeaseGroup(engine, "ours", NEVER) as group:
        first, second = taken(group, "project P"), taken(group, "project Q")
        event.listen(engine, "commit", commits.append)
    assert len(commits) == 1
    assert first.is_lost
    assert second.is_lost
    assert theirs.take("project P") is not None
    assert theirs.take("project Q") is not None


def test_all_are_renewed_in_one_transaction(
    engine: Engine, ours: LeaseGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_group, "CHUNK", 2)
    held = [taken(ours, f"project {number}") for number in range(5)]
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=1.0))
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    ours.renew()
    assert len(commits) == 1
    with engine.connect() as connection:
        assert all(expires > 1.0 for expires in connection.execute(select(leases.c.expires)).scalars())
    assert not any(lease.is_lost for lease in held)


def test_a_lost_lease_ends_its_own_work_only(
    engine: Engine, ours: LeaseGroup, theirs: LeaseGroup, caplog: pytest.LogCaptureFixture
) -> None:
    lost, kept = taken(ours, "project P"), taken(ours, "project Q")
    let_expire(engine, "project P")
    assert theirs.take("project P") is not None
    with caplog.at_level(logging.WARNING, "glancesync"):
        ours.renew()
        ours.renew()
    assert caplog.messages == ["Another process has taken over project P; this one stops working on it."]
    assert (lost.is_lost, lost.outlives(0), written(engine, lost)) == (True, False, False)
    assert (kept.is_lost, kept.outlives(30), written(engine, kept)) == (False, True, True)


def test_a_write_shows_that_a_lease_is_lost_before_a_renewal_does(
    engine: Engine, ours: LeaseGroup, theirs: LeaseGroup
) -> None:
    lease = taken(ours)
    let_expire(engine)
    assert theirs.take("project P") is not None
    assert lease.outlives(0)
    with pytest.raises(LeaseLost, match=r"^another process has taken over project P$"), engine.begin() as connection:
        lease.guard(connection)
    assert lease.is_lost


def test_a_lease_that_ran_out_and_that_nobody_took_goes_on(engine: Engine, ours: LeaseGroup) -> None:
    lease = taken(ours)
    let_expire(engine)
    assert written(engine, lease)
    ours.renew()
    assert not lease.is_lost
    assert ours.take("project P") is None


def test_one_that_is_taken_again_is_another_lease(engine: Engine, ours: LeaseGroup) -> None:
    before = taken(ours)
    let_expire(engine)
    after = taken(ours)
    assert (written(engine, before), written(engine, after)) == (False, True)
    before.give_back()
    assert written(engine, after)


def test_a_request_is_sent_only_if_the_lease_outlives_it(engine: Engine) -> None:
    now = [1000.0]
    group = LeaseGroup(engine, "ours", replace(NEVER, lease=60.0, clock=lambda: now[0]))
    lease = taken(group)
    assert (lease.outlives(59), lease.outlives(60)) == (True, False)
    now[0] += 50
    assert (lease.outlives(9), lease.outlives(10)) == (True, False)
    group.renew()
    assert (lease.outlives(59), lease.outlives(60)) == (True, False)
    now[0] += 61
    assert not lease.outlives(0)
    assert not lease.is_lost


def test_how_long_a_lease_is_valid_counts_from_before_the_renewal(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    group = LeaseGroup(engine, "ours", replace(NEVER, lease=60.0, clock=lambda: now[0]))
    lease = taken(group)
    def slowly(*words: object) -> frozenset[str]:
        now[0] += 20
        return renew_all(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(lease_group, "renew_all", slowly)
    group.renew()
    assert (lease.outlives(39), lease.outlives(40)) == (True, False)


def test_a_thread_renews(engine: Engine) -> None:
    with LeaseGroup(engine, "ours", LeaseTiming(renewal=0.02)) as group:
        taken(group)
        let_expire(engine)

        def is_renewed() -> bool:
            with engine.connect() as connection:
                return bool(connection.execute(select(leases.c.expires)).scalar_one() > 1.0)

        wait_for(is_renewed, "the renewal")


def waiting(engine: Engine) -> bool:
    """Whether a connection to a PostgreSQL waits for a lock; it shows a transaction the same answer again and again."""
    with engine.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.exec_driver_sql(query).scalar())


@pytest.mark.outside
def test_nobody_takes_a_lease_while_something_is_written_under_it(postgresql: str) -> None:
    engine = open_engine(postgresql)
    leases.drop(engine, checkfirst=True)
    leases.create(engine)
    lease = taken(LeaseGroup(engine, "ours", NEVER))
    let_expire(engine)
    with ThreadPoolExecutor(1) as threads:
        with engine.begin() as connection:
            lease.guard(connection)
            taking = threads.submit(LeaseGroup(engine, "theirs", NEVER).take, "project P")
            wait_for(lambda: waiting(engine), "that the other one waits")
            assert not taking.done()
        assert taking.result() is not None
    assert not written(engine, lease)
    engine.dispose()


def test_a_database_that_is_away_costs_no_lease(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    engine = open_engine(f"sqlite:///{folder}/locks.db")
    leases.create(engine)
    with LeaseGroup(engine, "ours", replace(NEVER, renewal=0.02)) as group:
        lease = taken(group)
        folder.rename(tmp_path / "away")
        with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: .*; see database in \[main\]$"):
            group.take("project Q")
        wait_for(lambda: "Leases cannot be renewed" in caplog.text, "the warning")
        (tmp_path / "away").rename(folder)
        group.renew()
        assert not lease.is_lost


def test_a_process_of_this_machine_that_died_is_not_waited_for(engine: Engine, ours: LeaseGroup) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    lost = taken(ours)
    with engine.begin() as connection:
        connection.execute(update(leases).values(pid=int(gone.stdout)))
    assert ours.take("project P") is not None
    assert not written(engine, lost)
    with engine.begin() as connection:
        connection.execute(update(leases).values(pid=int(gone.stdout), host=f"{this_machine()} another boot"))
    assert ours.take("project P") is None


@contextmanager
def held_elsewhere(database: str, ahead: float, lasts: float = 60.0) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lease; it gives it back in the end, if it lives.

    :param ahead: seconds that its clock is ahead of ours
    :param lasts: seconds that its lease lasts
    """
    command = [sys.executable, "-c", ELSEWHERE, database, str(ahead), str(lasts)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        yield process


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_clocks_five_minutes_apart_neither_steal_nor_block(engine: Engine, ours: LeaseGroup, ahead: float) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with held_elsewhere(url, ahead):
        assert ours.take("project P") is None
    lease = taken(ours)
    lease.give_back()
    with held_elsewhere(url, ahead, lasts=2 * MINUTES) as process:
        process.kill()
    assert ours.take("project P") is None
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=leases.c.expires - 2 * MINUTES))
    assert ours.take("project P") is not None
