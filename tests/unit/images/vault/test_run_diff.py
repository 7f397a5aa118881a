"""Two runs are compared (vault 2.6)."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.vault.run_diff import DiffRow, choose_run, differences
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.vaults import back_up, uuid_of


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = init_vault(tmp_path / "vault")
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two", 3: b"same"})
    back_up(vault, vault.shelf("Burgos"), {1: b"once", 3: b"same", 4: b"four"}, 1)
    return vault


def read(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def rows(vault: Vault, old: str, new: str) -> list[DiffRow]:
    return list(differences(choose_run(vault, old, read), choose_run(vault, new, read)))


def test_what_differs_is_listed_with_its_fields(vault: Vault) -> None:
    assert rows(vault, "Burgos@2026-03-01T12:30", "Burgos") == [
        DiffRow("changed", uuid_of(1), "image1", 4, "checksum, os_hash_value, size, content"),
        DiffRow("removed", uuid_of(2), "image2", 3, ""),
        DiffRow("added", uuid_of(4), "image4", 4, ""),
    ]


def test_a_run_does_not_differ_from_itself(vault: Vault) -> None:
    assert rows(vault, "Burgos", "Burgos") == []


def test_a_time_alone_is_enough_where_there_is_one_shelf(vault: Vault) -> None:
    assert rows(vault, "2026-03-01T12:30", "2026-03-02") == rows(vault, "Burgos@2026-03-01T12:30", "Burgos")
    back_up(vault, vault.shelf("Spain"), {1: b"one"})
    with pytest.raises(UsageError, match=r"2026-03-02 is no shelf; write SHELF or SHELF@TIME; shelves: Burgos, Spain"):
        rows(vault, "2026-03-02", "Burgos")


@pytest.mark.parametrize(
    ("word", "text"),
    [("Burgo@2026-03-02", "did you mean Burgos"), ("Burgos@2020-01-01", "has no run at 2020-01-01T00:00:00.000000Z")],
)
def test_a_run_that_is_not_there_is_named(vault: Vault, word: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        choose_run(vault, word, read)


def test_a_shelf_may_have_a_name_with_the_sign(vault: Vault) -> None:
    back_up(vault, vault.shelf("a@b"), {1: b"one"})
    assert choose_run(vault, "a@b", read).shelf.name == "a@b"
    assert choose_run(vault, "a@b@2026-03-02", read).shelf.name == "a@b"
