"""What healing checks before and between its steps (vault 5.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import ConfigError, TimedOut
from fiwareglancesync.images.healing.healing_cycle import RemovalOptions, heal_whole
from fiwareglancesync.images.healing.healing_plan import plan_healing
from fiwareglancesync.images.healing.healing_run import HealingOptions, heal
from tests.support.vaults import uuid_of

from .conftest import SETTINGS, Healed


def test_nothing_is_begun_with_a_database_that_cannot_be_used(healed: Healed) -> None:
    healed.place.add(1, b"one", name="a")
    tools = replace(healed.tools, settings=replace(SETTINGS, database="nonsense://host/locks"))
    with pytest.raises(ConfigError):
        heal_whole(healed.look("a"), tools, HealingOptions(), RemovalOptions())
    assert healed.shelf.binding() is None


def test_a_region_that_is_not_listed_after_restores_is_an_error(
    healed: Healed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TimedOut("too long")

    healed.place.add(1, b"one", name="a")
    healed.back_up()
    del healed.place.documents[uuid_of(1)]
    inventory = healed.look("a")
    monkeypatch.setattr("fiwareglancesync.images.healing.healing_run._restore", lambda *given: True)
    monkeypatch.setattr(healed.place, "listing", fail)
    assert not heal(inventory, plan_healing(inventory.comparison), healed.tools, HealingOptions())
    assert "Burgos: no link can be mended. Cause: too long" in healed.said
