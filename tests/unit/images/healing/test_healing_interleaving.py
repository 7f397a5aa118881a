"""A healing beside others that write to the same vault and region, without a lock that holds: nothing is lost."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.images.backup.backup_threads import make_together
from fiwareglancesync.images.healing.healing_errors import HealingRefused
from fiwareglancesync.images.vault.forget_runs import forget, judge_shelves
from fiwareglancesync.images.vault.healing_ledger import RemovalStep, read_ledger
from fiwareglancesync.images.vault.prune_run import plan_removal, prune
from fiwareglancesync.images.vault.retention import KeepRules
from fiwareglancesync.images.vault.vault_folder import init_vault
from tests.support.failing_disk import observed_disk
from tests.support.turns import Turns, at_once
from tests.support.vaults import faults, uuid_of

from .conftest import Healed

NEEDED = ("a", "new")
OLD, GONE = 3, 4
ORDERS = [pytest.param(range(6), id="6 orders"), pytest.param(range(6, 100), id="94 more", marks=pytest.mark.slow)]
"""Numbers of the orders of steps that are tried; those with an odd one kill one of the two."""


def prepared(folder: Path) -> Healed:
    """A region with an image to back up, one to hide and one to delete."""
    healed = Healed(init_vault(folder))
    for number, name in ((1, "a"), (OLD, "old"), (GONE, "gone")):
        healed.place.add(number, name.encode(), name=name, visibility="public")
    assert healed.heal("a")
    assert healed.heal("a", days=7, rules={"patterns": ("gone",)})
    assert healed.place.documents[uuid_of(GONE)]["os_hidden"]
    healed.place.add(2, b"new", name="new", visibility="public")
    healed.now += timedelta(days=7)
    return healed


def heal(world: Healed) -> None:
    """Heal, as another process does."""
    with suppress(HealingRefused):  # the other one has changed what is remembered
        Healed(world.vault, world.place, world.now).heal(*NEEDED)


def back_up(world: Healed) -> None:
    """Back the whole region up."""
    world.back_up()


def prune_vault(world: Healed) -> None:
    """Prune as weeks later, when everything is old enough."""
    for days in (16, 24):
        prune(world.vault, plan_removal(world.vault, 1e9, world.now + timedelta(days=days), force=True))


def forget_and_prune(world: Healed) -> None:
    """Keep only the newest run, and prune."""
    forget(judge_shelves([world.shelf], KeepRules(last=1), world.now))
    prune_vault(world)


def delete(world: Healed) -> None:
    """Have a user delete the image that is to be backed up."""
    world.back_up()
    world.place.documents.pop(uuid_of(2), None)


def rename(world: Healed) -> None:
    """Have a user rename the image that is to be hidden."""
    world.back_up()
    world.place.documents[uuid_of(OLD)]["name"] = "renamed"


@pytest.mark.parametrize("other", [heal, back_up, prune_vault, forget_and_prune, delete, rename])
@pytest.mark.parametrize("seeds", ORDERS)
def test_in_any_order_of_steps_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: range, other: Callable[[Healed], None]
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *arguments: None)
    monkeypatch.setattr("fiwareglancesync.images.backup.backup_run.make_together", in_turn)
    for seed in seeds:
        world = prepared(tmp_path / str(seed))
        turns = Turns(seed, kill=seed * 7 if seed % 2 else 0)
        with observed_disk(turns):
            assert at_once([partial(heal, world), partial(other, world)], turns) == [], seed
        assert_nothing_lost(world)
        assert Healed(world.vault, world.place, world.now).heal("a", delete=False), seed
        assert_nothing_lost(world)


def in_turn(changes: Any, at_once: int, make: Any, stop: Any) -> None:
    """Make the changes of a backup in the thread that has its turn."""
    make_together(changes, 1, make, stop)


def assert_nothing_lost(world: Healed) -> None:
    """All bytes are in the region or in a run of the vault, and each removal is remembered."""
    assert faults(world.vault) == []
    kept = {image.id for time in world.shelf.run_times() for image in world.shelf.run(time).images}
    images = world.place.documents
    assert {uuid_of(number) for number in (1, 2, OLD, GONE)} <= kept | set(images)
    done = {(each.id, each.step) for each in read_ledger(world.shelf).removals}
    if uuid_of(GONE) not in images:
        assert (uuid_of(GONE), RemovalStep.DELETED) in done
        assert uuid_of(GONE) in kept
    if images[uuid_of(OLD)].get("os_hidden"):
        assert (uuid_of(OLD), RemovalStep.HIDDEN) in done
