"""Two backups, a forget and prunes at the same time, without a lock that holds (vault 1.2, 2.4)."""

from __future__ import annotations

import fcntl
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fiwareglancesync.images.vault import prune_inventory, vault_files
from fiwareglancesync.images.vault.forget_runs import forget, judge_shelves
from fiwareglancesync.images.vault.prune_run import plan_removal, prune
from fiwareglancesync.images.vault.retention import KeepRules
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import observed_disk
from tests.support.turns import Turns, at_once
from tests.support.vaults import faults

from .conftest import back_up_whole

ORDERS = [pytest.param(range(40), id="40 orders"), pytest.param(range(40, 240), id="200 more", marks=pytest.mark.slow)]
"""Numbers of the orders of steps that are tried."""

START = datetime.now(timezone.utc)
DAY = 86_400.0


def prune_at(vault: Vault, days: int) -> None:
    """Prune a vault some days from now."""
    prune(vault, plan_removal(vault, 100 * DAY, START + timedelta(days=days), force=True))


def forget_all_but_the_last(vault: Vault) -> None:
    forget(judge_shelves([vault.shelf(name) for name in vault.shelf_names()], KeepRules(last=1), START))


@contextmanager
def observed_reading(turns: Turns) -> Iterator[None]:
    """Let others take their turns while a prune reads what is referred to, too."""
    entries, read = prune_inventory._entries, vault_files.read_if_there

    def listed(folder: Path) -> Any:
        turns("list", (folder,))
        return entries(folder)

    def read_in_turn(path: Path) -> bytes | None:
        if threading.current_thread().name in PRUNES:
            turns("read", (path,))
        return read(path)

    with (
        mock.patch.object(prune_inventory, "_entries", listed),
        mock.patch.object(vault_files, "read_if_there", read_in_turn),
    ):
        yield


PRUNES = {"2", "3"}
"""The names of the threads that prune."""


def region(name: str, *images: tuple[int, bytes]) -> DescribedPlace:
    place = DescribedPlace(name)
    for number, content in images:
        place.add(number, content)
    return place


def prepared(folder: Path, seed: int) -> Vault:
    """A vault of which some content is needed, some is old and not needed, some was moved away eight days ago."""
    vault = init_vault(folder)
    back_up_whole(vault, region("Burgos", (1, b"shared by all"), (2, b"old version"), (3, b"gone")))
    back_up_whole(vault, region("Burgos", (1, b"shared by all")))
    forget_all_but_the_last(vault)
    if seed % 3:
        prune_at(vault, 8)
    if seed % 3 == 2:
        back_up_whole(vault, region("Spain", (3, b"gone")))
        forget_all_but_the_last(vault)
    return vault


@pytest.mark.parametrize("seeds", ORDERS)
def test_backups_and_prunes_in_any_order_of_steps_leave_a_whole_vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *arguments: None)
    for seed in seeds:
        vault = prepared(tmp_path / str(seed), seed)
        chance = random.Random(seed)
        places = [
            region("Burgos", (1, b"shared by all"), (2, b"old version")),
            region(chance.choice(["Burgos", "Spain"]), (3, b"gone"), (2, b"new")),
        ]
        days = chance.choice([8, 16, 24])
        turns = Turns(seed, kill=seed * 3 if seed % 2 else 0)
        actors: list[Callable[[], object]] = [
            *(partial(back_up_whole, vault, place) for place in places),
            *(partial(prune_at, vault, days + more) for more in (0, chance.choice([0, 1]))),
            partial(forget_all_but_the_last, vault),
        ]
        with observed_disk(turns), observed_reading(turns):
            assert at_once(actors, turns) == [], seed
        assert faults(vault) == [], seed
        # Whatever the prunes moved, the next ones bring back what is needed before they delete.
        for later in (days + 9, days + 18, days + 27):
            prune_at(vault, later)
            assert faults(vault) == [], (seed, later)
        back_up_whole(vault, places[0])
        assert faults(vault) == [], seed
