"""Runs are dropped by rules (vault 2.2)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.vault.forget_runs import forget, judge_shelves
from fiwareglancesync.images.vault.retention import KeepRules
from fiwareglancesync.images.vault.vault_errors import RunInFuture, UnreadableDocument
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault, init_vault
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.vaults import LISTED, back_up, faults, run_of

NOW = LISTED + timedelta(days=30)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = init_vault(tmp_path / "vault")
    for name in ("Burgos", "Spain"):
        back_up(vault, vault.shelf(name), {1: b"one"})
        back_up(vault, vault.shelf(name), {1: b"one"}, 1)
        with VaultWriter(vault) as writer:
            writer.add_run(vault.shelf(name), run_of((), 2, complete=False))
    return vault


def shelves(vault: Vault) -> list[Shelf]:
    return [vault.shelf(name) for name in vault.shelf_names()]


def test_each_shelf_is_judged_by_itself_and_keeps_its_newest_complete_run(vault: Vault) -> None:
    verdicts = judge_shelves(shelves(vault), KeepRules(last=1), NOW)
    assert [each.verdict.kept for each in verdicts] == [True, True, False] * 2
    assert forget(verdicts) == 2
    for shelf in shelves(vault):
        assert [time.hour for time in shelf.run_times()] == [14, 13]
    assert faults(vault) == []


def test_without_a_rule_nothing_is_judged(vault: Vault) -> None:
    with pytest.raises(UsageError, match="no rule says what is kept; give one, such as --keep-last 30"):
        judge_shelves(shelves(vault), KeepRules(), NOW)


def test_no_run_is_dropped_while_one_cannot_be_read(vault: Vault) -> None:
    vault.shelf("Spain").paths.run(LISTED).write_bytes(b"{")
    with pytest.raises(UnreadableDocument):
        judge_shelves(shelves(vault), KeepRules(last=1), NOW)


def test_runs_that_are_dropped_meanwhile_do_no_harm(vault: Vault) -> None:
    verdicts = judge_shelves(shelves(vault), KeepRules(last=1), NOW)
    forget(verdicts)
    assert forget(verdicts) == 2
    assert faults(vault) == []


def test_no_run_is_dropped_while_one_is_of_the_future(vault: Vault) -> None:
    future = vault.shelf("Burgos").paths.run(LISTED + timedelta(hours=2))
    with pytest.raises(RunInFuture, match=f"{future} is a run of the future, so nothing is dropped") as refused:
        judge_shelves(shelves(vault), KeepRules(last=1), LISTED)
    assert refused.value.exit_code == 2
    assert judge_shelves(shelves(vault), KeepRules(last=1), LISTED + timedelta(hours=1))
