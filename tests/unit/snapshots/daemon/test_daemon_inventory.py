"""The daemon lists servers at its start, from time to time, and when somebody asks; one listing at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.snapshots.daemon.daemon_inventory import RETRY_SECONDS, BackgroundInventory
from fiwareglancesync.snapshots.inventory.inventory_keeper import InventoryKeeper, InventoryOutcome
from tests.support.snapshot_daemons import InlineExecutor

PERIOD = 3 * 3600.0
NEVER = float("inf")


class Keeper:
    """Lists servers; fails as long as there is a problem."""

    def __init__(self) -> None:
        self.calls = 0
        self.problem = ""
        self.error: Exception | None = None

    def refresh(self) -> InventoryOutcome:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return InventoryOutcome(self.problem)


class Bench:
    """An inventory whose listings end at once, or later when a test says so."""

    def __init__(self) -> None:
        self.keeper = Keeper()
        self.is_known = True
        self.executor = InlineExecutor()
        self.wakes = 0
        self.inventory = BackgroundInventory(self._make, PERIOD, self.executor, self._wake)

    def look(self, passed: float, *, asked: bool = False) -> float:
        return self.inventory.look(passed, asked=asked)

    def _make(self) -> InventoryKeeper | None:
        return cast(InventoryKeeper, self.keeper) if self.is_known else None

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_servers_are_listed_at_the_start_and_again_after_the_period(bench: Bench) -> None:
    assert bench.inventory.is_first
    assert bench.look(100) == NEVER  # it ends in a thread, which wakes the daemon
    assert bench.wakes == 1
    assert bench.look(101) == PERIOD
    assert (bench.inventory.ended(), bench.inventory.ended(), bench.inventory.is_first) == (True, False, False)
    assert bench.look(100 + PERIOD) == 1
    assert bench.keeper.calls == 1
    bench.look(101 + PERIOD)
    assert bench.keeper.calls == 2


def test_nothing_is_listed_before_the_cluster_is_known(bench: Bench) -> None:
    bench.is_known = False
    assert bench.look(0, asked=True) == NEVER
    bench.is_known = True
    bench.look(5)
    assert bench.keeper.calls == 1


def test_many_requests_during_a_listing_are_one_more(bench: Bench) -> None:
    bench.executor.is_delayed = True
    for second in range(50):
        bench.look(second, asked=True)
    bench.executor.finish()
    assert bench.keeper.calls == 1
    bench.look(60)
    bench.executor.finish()
    bench.look(61)
    bench.executor.finish()
    assert bench.keeper.calls == 2


@pytest.mark.parametrize("error", [None, DatabaseUnavailable("the database is away")])
def test_one_that_failed_is_repeated_soon_and_changes_nothing(
    bench: Bench, error: DatabaseUnavailable | None
) -> None:
    bench.keeper.problem, bench.keeper.error = "Nova does not answer", error
    bench.look(0)
    assert bench.look(1) == RETRY_SECONDS
    assert bench.inventory.problem == (str(error) if error else "Nova does not answer")
    assert (bench.inventory.ended(), bench.inventory.is_first) == (False, False)
    bench.keeper.problem, bench.keeper.error = "", None
    bench.look(1 + RETRY_SECONDS)
    bench.look(2 + RETRY_SECONDS)
    assert (bench.inventory.problem, bench.inventory.ended(), bench.keeper.calls) == ("", True, 2)


def test_a_request_lists_at_once_also_after_a_failure(bench: Bench) -> None:
    bench.keeper.problem = "Nova does not answer"
    bench.look(0)
    bench.look(1, asked=True)
    assert bench.keeper.calls == 2


def test_a_period_that_is_shorter_than_the_pause_after_a_failure_counts(bench: Bench) -> None:
    looked: Callable[..., float] = BackgroundInventory(bench._make, 60.0, bench.executor, bench._wake).look
    bench.keeper.problem = "Nova does not answer"
    looked(0, asked=False)
    assert looked(1, asked=False) == 60
