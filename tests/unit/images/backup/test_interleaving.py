"""Two backups at the same time, without a lock that holds: a record has its bytes whatever the order of steps is."""

from __future__ import annotations

import fcntl
from functools import partial
from pathlib import Path

import pytest

from fiwareglancesync.images.backup.backup_run import back_up
from fiwareglancesync.images.vault.vault_folder import init_vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import observed_disk
from tests.support.turns import Turns, at_once
from tests.support.vaults import faults

from .conftest import back_up_whole, given

ORDERS = [pytest.param(range(40), id="40 orders"), pytest.param(range(40, 240), id="200 more", marks=pytest.mark.slow)]
"""Numbers of the orders of steps that are tried; each has two backups of about 40 steps."""


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
        with observed_disk(turns):
            assert at_once([partial(back_up_whole, vault, place) for place in places], turns) == [], seed
        assert faults(vault) == [], seed
        # What a killed one left does no harm to the next.
        again = back_up(given(vault, places[0], []))
        assert (again.failed, faults(vault)) == (False, []), seed
        assert set(vault.mark().shelves) >= {names[0]}
