"""Two backups at the same time, without a lock that holds: a record has its bytes whatever the order of steps is."""

from __future__ import annotations

import fcntl
import random
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.backup.backup_run import BackupOptions, back_up
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import Killed, observed_disk
from tests.support.vaults import faults

from .conftest import given

ORDERS = [pytest.param(range(40), id="40 orders"), pytest.param(range(40, 240), id="200 more", marks=pytest.mark.slow)]
"""Numbers of the orders of steps that are tried; each has two backups of about 40 steps."""


class Turns:
    """Lets one thread at a time do one step; which one is chosen at random. A thread may be killed at a step.

    :param seed: of the choice
    :param kill: number of the step at which the thread whose turn it is is killed, 0 for none
    """

    def __init__(self, seed: int, kill: int) -> None:
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._running: set[int] = set()
        self._dead: set[int] = set()
        self._next: int | None = None
        self._steps = 0
        self._kill = kill

    def begin(self, count: int) -> None:
        """Expect so many threads."""
        self._running = set(range(count))

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Wait for the turn of this thread."""
        me = int(threading.current_thread().name)
        with self._changed:
            if me in self._dead:
                raise Killed
            self._waiting.add(me)
            self._choose()
            while self._next != me:
                self._changed.wait()
            self._waiting.remove(me)
            self._next = None
            self._steps += 1
            if self._steps == self._kill:
                self._dead.add(me)
                raise Killed

    def end(self) -> None:
        """This thread makes no more steps."""
        with self._changed:
            self._running.discard(int(threading.current_thread().name))
            self._choose()

    def _choose(self) -> None:
        if self._next is None and self._waiting and self._waiting == self._running:
            self._next = self._random.choice(sorted(self._waiting))
            self._changed.notify_all()


def back_up_at_once(vault: Vault, places: list[DescribedPlace], turns: Turns) -> list[BaseException]:
    """Back up regions at the same time, each in a thread; return what was not expected."""
    problems: list[BaseException] = []

    def work(place: DescribedPlace) -> None:
        try:
            with suppress(Killed):
                outcome = back_up(given(vault, place, [], BackupOptions()))
                assert not outcome.failed
        except BaseException as error:  # noqa: BLE001 - the test shows it
            problems.append(error)
        finally:
            turns.end()

    turns.begin(len(places))
    threads = [threading.Thread(target=work, args=(place,), name=str(n)) for n, place in enumerate(places)]
    with observed_disk(turns):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return problems


def region(name: str, version: int) -> DescribedPlace:
    place = DescribedPlace(name)
    place.add(1, b"shared by all")
    place.add(2, b"version %d" % version)
    return place


@pytest.mark.parametrize("names", [("Burgos", "Burgos"), ("Burgos", "Spain")], ids=["one shelf", "two shelves"])
@pytest.mark.parametrize("seeds", ORDERS)
def test_two_backups_in_any_order_of_steps_leave_a_whole_vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], seeds: range
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *arguments: None)
    for seed in seeds:
        vault = init_vault(tmp_path / str(seed))
        turns = Turns(seed, kill=seed * 2 if seed % 2 else 0)
        places = [region(name, number) for number, name in enumerate(names)]
        assert back_up_at_once(vault, places, turns) == [], seed
        assert faults(vault) == [], seed
        # What a killed one left does no harm to the next.
        again = back_up(given(vault, places[0], []))
        assert (again.failed, faults(vault)) == (False, []), seed
        assert set(vault.mark().shelves) >= {names[0]}
