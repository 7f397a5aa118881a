"""A vault is judged for monitoring (vault 2.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.severity import Severity, worst
from fiwareglancesync.images.vault.adopt_files import source_of_files
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_health import (
    Room,
    ShelfState,
    Thresholds,
    VaultState,
    problems,
    rough_time,
)
from fiwareglancesync.images.vault.vault_survey import survey
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.vaults import LISTED, back_up, run_of, sha512

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=timezone.utc)
HOUR, DAY = 3600, 86_400
WELL = VaultState(
    (ShelfState("Burgos", NOW - timedelta(hours=20)),), (NOW.timestamp() - DAY,), free_bytes=50, all_bytes=100
)


def shelf(**fields: Any) -> VaultState:
    return replace(WELL, shelves=(replace(WELL.shelves[0], **fields),))


@pytest.mark.parametrize(
    ("state", "severity", "text"),
    [
        (WELL, Severity.OK, ""),
        (shelf(newest=NOW - timedelta(hours=26)), Severity.OK, ""),
        (shelf(newest=NOW - timedelta(hours=27)), Severity.WARNING, "is 27h old (limit 1d2h)"),
        (shelf(newest=NOW - timedelta(hours=51)), Severity.CRITICAL, "is 2d old (limit 2d2h)"),
        (shelf(newest=NOW + timedelta(minutes=51)), Severity.OK, ""),
        (shelf(future=NOW + timedelta(days=51)), Severity.WARNING, "has a run of the future, 2026-05-21T12:00:00"),
        (shelf(newest=NOW - timedelta(days=99), grows_old=False), Severity.OK, ""),
        (shelf(newest=None, grows_old=False), Severity.CRITICAL, "shelf Burgos has no complete run"),
        (shelf(newest=None), Severity.CRITICAL, "shelf Burgos has no complete run"),
        (shelf(newest=None, error="x cannot be read"), Severity.CRITICAL, "shelf Burgos: x cannot be read"),
        (shelf(missing=2), Severity.CRITICAL, "2 contents of the newest complete run are missing"),
        (replace(WELL, shelves=()), Severity.WARNING, "the vault has no shelf"),
        (replace(WELL, damaged=1), Severity.WARNING, "1 damaged contents have not been fetched again"),
        (
            replace(WELL, verified=(NOW.timestamp() - 31 * DAY,)),
            Severity.WARNING,
            "1 contents were not verified for over",
        ),
        (replace(WELL, free_bytes=9), Severity.WARNING, "are free (limit 10 %)"),
        (replace(WELL, free_bytes=4), Severity.CRITICAL, "are free (limit 5 %)"),
    ],
)
def test_each_problem_has_its_severity(state: VaultState, severity: Severity, text: str) -> None:
    found = problems(state, Thresholds(), NOW)
    assert worst(problem.severity for problem in found) is severity
    assert text in "".join(problem.text for problem in found)
    assert len(found) == (severity is not Severity.OK)


def test_the_worst_problem_comes_first() -> None:
    state = replace(shelf(newest=NOW - timedelta(hours=27)), free_bytes=1, damaged=1)
    assert [p.severity for p in problems(state, Thresholds(), NOW)] == [2, 1, 1]


def test_thresholds_can_be_set() -> None:
    state = replace(WELL, verified=(NOW.timestamp() - 2 * HOUR,), free_bytes=9)
    limits = Thresholds(HOUR, 2 * HOUR, HOUR, HOUR, Room(size=8), Room(size=8))
    assert [problem.severity for problem in problems(state, limits, NOW)] == [2, 2]
    assert not problems(state, replace(limits, age_warning=DAY, age_critical=DAY, unverified_critical=DAY,
                                       unverified_warning=None), NOW)  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2min"), (2 * HOUR, "2h"), (47 * HOUR, "47h"), (2 * DAY, "2d")],
)
def test_times_are_rounded_down(seconds: float, text: str) -> None:
    assert rough_time(seconds) == text


class TestSurvey:
    @pytest.fixture
    def vault(self, tmp_path: Path) -> Vault:
        vault = init_vault(tmp_path / "vault")
        back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two"})
        with VaultWriter(vault) as writer:
            writer.add_run(vault.shelf("Burgos"), run_of((), 5, complete=False))
        return vault

    def state(self, vault: Vault) -> VaultState:
        return survey(vault, [vault.shelf(name) for name in vault.shelf_names()], NOW)

    def test_a_run_of_the_future_is_not_the_newest_one(self, vault: Vault) -> None:
        future = back_up(vault, vault.shelf("Burgos"), {1: b"one"}, 24 * 365).listed
        assert self.state(vault).shelves == (ShelfState("Burgos", LISTED, future=future),)

    def test_a_whole_vault(self, vault: Vault) -> None:
        state = self.state(vault)
        assert state.shelves == (ShelfState("Burgos", LISTED),)
        assert (len(state.verified), state.damaged) == (2, 0)
        assert min(state.verified) > datetime.now(timezone.utc).timestamp() - HOUR
        assert 0 < state.stored_bytes < state.all_bytes
        assert 0 < state.free_bytes <= state.all_bytes

    def test_a_shelf_of_files_does_not_grow_old(self, vault: Vault) -> None:
        with VaultWriter(vault) as writer:
            writer.bind(vault.shelf("plain"), source_of_files("plain"))
            writer.add_run(vault.shelf("plain"), run_of((), 1))
        assert {state.name: state.grows_old for state in self.state(vault).shelves} == {"Burgos": True, "plain": False}

    def test_damaged_and_missing_contents_are_counted(self, vault: Vault) -> None:
        path = vault.paths.content_file(sha512(b"one"))
        path.rename(vault.paths.damaged_file(sha512(b"one"), NOW))
        (vault.paths.damaged / "notes").touch()
        state = self.state(vault)
        assert (state.damaged, state.shelves[0].missing, len(state.verified)) == (1, 1, 1)
        path.write_bytes(b"one")
        state = self.state(vault)
        assert (state.damaged, state.shelves[0].missing) == (0, 0)

    def test_a_shelf_whose_runs_cannot_be_read_is_named(self, vault: Vault) -> None:
        path = vault.shelf("Burgos").paths.run(LISTED)
        path.write_bytes(b"{")
        (found,) = self.state(vault).shelves
        assert found.error is not None
        assert str(path) in found.error
