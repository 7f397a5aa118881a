"""Two backups at the same time, without a lock that holds: a record has its bytes whatever the order of steps is."""

from __future__ import annotations

import fcntl
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from fiwareglancesync.images.backup.backup_run import BackupOptions, back_up
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import Killed, observed_disk
from tests.support.turns import Turns
from tests.support.vaults import faults

from .conftest import given

ORDERS = [pytest.param(range(40), id="40 orders"), pytest.param(range(40, 240), id="200 more", marks=pytest.mark.slow)]
"""Numbers of the orders of steps that are tried; each has two backups of about 40 steps."""


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
