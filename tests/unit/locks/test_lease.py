"""The lease of a region's lock, which several machines share."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from fiwareglancesync.base.database import key_of, open_engine
from fiwareglancesync.base.errors import Cancelled, LocksUnavailable, RegionLocked
from fiwareglancesync.base.machine import this_machine
from fiwareglancesync.base.signals import cancellable
from fiwareglancesync.locks.lease import USUAL_TIMING, Lease, LeaseTiming, leased, leases
from fiwareglancesync.locks.region_lock import region_lock
from tests.support.conditions import PATIENCE, wait_for
from tests.support.server import ROOT

ELSEWHERE = """
import sys, time
database, ahead, lasts = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
right = time.time
time.time = lambda: right() + ahead
from fiwareglancesync.locks import lease
lease.this_machine = lambda: "elsewhere pid:[1]"
with lease.leased(("place",), "theirs", database, wait=False, timing=lease.LeaseTiming(lease=lasts)):
    print("held", flush=True)
    sys.stdin.read()
"""
"""A process that takes itself for another machine's, and holds a lease until its standard input ends."""

MINUTES = 300.0

QUICK = LeaseTiming(lease=0.2, renewal=0.02, check=0.01)
"""Leases that are renewed, and run out, in no time."""


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of another run is in the way."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A database without tables: the command makes what it needs."""
    return f"sqlite:///{tmp_path}/locks.db"


def test_a_second_machine_is_reported_who_holds_the_region(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with leased(("place",), "one", database, wait=False):
        with (
            pytest.raises(RegionLocked, match=f"process {os.getpid()} at .* since"),
            leased(("place",), "two", database, wait=False),
        ):
            pass
        with leased(("another place",), "two", database, wait=False):
            pass


def test_machines_that_have_one_key_in_common_exclude_each_other(database: str) -> None:
    with leased(("internal", "public"), "one", database, wait=False):
        for keys in (("internal", "admin"), ("a", "public"), ("public", "internal")):
            with pytest.raises(RegionLocked), leased(keys, "two", database, wait=False):
                pass
        with leased(("a", "admin"), "two", database, wait=False):
            pass


def test_when_one_is_held_those_that_were_taken_are_given_back(database: str) -> None:
    keys = tuple("abcd")
    with leased(("c",), "one", database, wait=False):
        with pytest.raises(RegionLocked), leased(keys, "two", database, wait=False):
            pass
        with leased(("a", "b", "d"), "three", database, wait=False):
            pass
    with leased(keys, "four", database, wait=False) as last:
        assert last == ""
    with leased(keys, "five", database, wait=False) as last:
        assert last == "four"


def test_what_is_taken_while_the_run_is_interrupted_is_given_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Lease.take

    def interrupted(lease: Lease, *, wait: bool = False) -> str:
        take(lease, wait=wait)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "take", interrupted)
        with pytest.raises(KeyboardInterrupt), leased(("a", "b"), "one", database, wait=False):
            pass
    with leased(("a", "b"), "two", database, wait=False):
        pass


def test_each_is_renewed_also_while_the_next_is_waited_for(database: str) -> None:
    timing = replace(QUICK, lease=PATIENCE, retry=0.02)
    with ThreadPoolExecutor(1) as threads, leased(("b",), "one", database, wait=False, timing=timing):
        engine = open_engine(database)
        goes_on = threading.Event()

        def hold() -> None:
            with leased(("a", "b"), "two", database, wait=True, timing=timing):
                assert goes_on.wait(PATIENCE)

        def expiry(key: str) -> float:
            with engine.connect() as connection:
                row = connection.execute(select(leases.c.expires).where(leases.c.identity == key_of(key))).scalar()
            return row or 0.0

        waiting: Future[None] = threads.submit(hold)
        wait_for(lambda: expiry("a") > 0, "the first lease of those that the second run wants")
        first = expiry("a")
        wait_for(lambda: expiry("a") > first, "its renewal")
        assert not waiting.done()
        goes_on.set()


def test_a_run_ends_when_it_has_lost_one_of_its_leases(database: str) -> None:
    def lose_one() -> None:
        with open_engine(database).begin() as connection:
            connection.execute(update(leases).where(leases.c.identity == key_of("b")).values(token="another's"))
        time.sleep(PATIENCE)

    with pytest.raises(Cancelled), cancellable(), leased(("a", "b"), "one", database, wait=False, timing=QUICK):
        lose_one()


def test_who_had_it_last_is_known(database: str) -> None:
    with region_lock(("place",), "one", database) as last:
        assert last == ""
    with region_lock(("place",), "two", database) as last:
        assert last == "one"


def test_a_region_that_another_machine_held_meanwhile_is_not_taken_for_ours(database: str) -> None:
    with region_lock(("place",), "one", database):
        pass
    with leased(("place",), "elsewhere", database, wait=False):
        pass
    with region_lock(("place",), "one", database) as last:
        assert last == ""


def test_a_lease_that_ran_out_is_free(database: str) -> None:
    engine = open_engine(database)
    leases.create(engine)
    dead = Lease(engine, "place", "one")
    dead.take()
    with engine.begin() as connection:
        connection.execute(update(leases).values(host="elsewhere", expires=1.0))
    assert Lease(engine, "place", "two").take() == "one"
    assert not dead.renew()


def test_a_lease_of_a_clock_that_was_wrong_is_free(database: str) -> None:
    engine = open_engine(database)
    leases.create(engine)
    dead = Lease(engine, "place", "one")
    dead.take()
    with engine.begin() as connection:
        connection.execute(update(leases).values(host="elsewhere", expires=leases.c.expires + 365 * 86_400.0))
    assert Lease(engine, "place", "two").take() == "one"
    assert not dead.renew()


def test_a_holder_of_this_machine_that_died_is_not_waited_for(database: str) -> None:
    engine = open_engine(database)
    leases.create(engine)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    Lease(engine, "place", "one").take()
    with engine.begin() as connection:
        connection.execute(update(leases).values(pid=int(gone.stdout)))
    assert Lease(engine, "place", "two").take() == "one"
    with engine.begin() as connection:
        connection.execute(update(leases).values(pid=int(gone.stdout), host=f"not {this_machine()}"))
    with pytest.raises(RegionLocked):
        Lease(engine, "place", "three").take()


def test_a_run_goes_on_while_its_lease_is_renewed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def renew(_: Lease) -> bool:
        now[0] += USUAL_TIMING.lease / 4
        return True

    monkeypatch.setattr(Lease, "renew", renew)
    timing = LeaseTiming(renewal=0.01, check=0.01, clock=lambda: now[0])
    with cancellable(), leased(("place",), "one", database, wait=False, timing=timing):
        wait_for(lambda: now[0] > 3 * timing.lease, "renewals")


def test_a_run_ends_when_somebody_else_has_its_lease(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Lease, "renew", lambda _: False)
    with pytest.raises(Cancelled), cancellable(), leased(("place",), "one", database, wait=False, timing=QUICK):
        time.sleep(PATIENCE)
    assert "The lease of a region was not renewed in time" in caplog.text


def test_a_run_ends_before_its_lease_does_though_nobody_answers(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(Lease, "renew", lambda _: answered.wait(PATIENCE))
    with pytest.raises(Cancelled), cancellable(), leased(("place",), "one", database, wait=False, timing=QUICK):
        time.sleep(PATIENCE)
    answered.set()


def test_a_renewal_that_comes_late_takes_nothing_back(database: str) -> None:
    engine = open_engine(database)
    leases.create(engine)
    lease = Lease(engine, "place", "one")
    lease.take()
    lease.give_back()
    assert not lease.renew()
    assert Lease(engine, "place", "two").take() == "one"


def test_a_database_that_cannot_be_used_is_reported_in_a_line(tmp_path: Path) -> None:
    with (
        pytest.raises(LocksUnavailable, match="database of the locks") as caught,
        region_lock(("place",), "one", f"sqlite:///{tmp_path}/no/such/folder.db"),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.fixture(
    params=[
        "database",
        pytest.param("postgresql", marks=pytest.mark.outside),
        pytest.param("mariadb", marks=[pytest.mark.outside, pytest.mark.slow]),
    ]
)
def any_database(request: pytest.FixtureRequest) -> str:
    """Each kind of database, without a lease."""
    url: str = request.getfixturevalue(request.param)
    engine = open_engine(url)
    leases.drop(engine, checkfirst=True)
    engine.dispose()
    return url


@contextmanager
def held_elsewhere(
    database: str, ahead: float = 0.0, lasts: float = USUAL_TIMING.lease
) -> Iterator[subprocess.Popen[bytes]]:
    """Another machine's process that holds the lease; it gives it back in the end, if it lives.

    :param ahead: seconds that its clock is ahead of ours
    :param lasts: seconds that its lease lasts
    """
    command = [sys.executable, "-c", ELSEWHERE, database, str(ahead), str(lasts)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def refusal(database: str) -> str:
    """Why the region cannot be held, "" when it can."""
    try:
        with region_lock(("place",), "ours", database):
            return ""
    except RegionLocked as error:
        return str(error)


@pytest.mark.outside
def test_machines_that_share_a_database_keep_each_other_out(postgresql: str) -> None:
    with held_elsewhere(postgresql):
        assert " at elsewhere since " in refusal(postgresql)
    assert refusal(postgresql) == ""


@pytest.mark.outside
def test_another_machines_process_that_died_is_believed_until_its_lease_runs_out(postgresql: str) -> None:
    with held_elsewhere(postgresql) as process:
        process.kill()
    assert " at elsewhere since " in refusal(postgresql)
    with open_engine(postgresql).begin() as connection:
        connection.execute(update(leases).values(expires=1.0))
    assert refusal(postgresql) == ""


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_held_lease_is_not_taken_though_the_clocks_of_the_machines_differ(any_database: str, ahead: float) -> None:
    with held_elsewhere(any_database, ahead):
        assert " at elsewhere since " in refusal(any_database)
    assert refusal(any_database) == ""


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_dead_holders_lease_is_free_when_it_has_run_out_though_the_clocks_differ(
    any_database: str, ahead: float
) -> None:
    with held_elsewhere(any_database, ahead, lasts=2 * MINUTES) as process:
        process.kill()
    assert " at elsewhere since " in refusal(any_database)
    engine = open_engine(any_database)
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=leases.c.expires - 2 * MINUTES))
    engine.dispose()
    assert refusal(any_database) == ""
