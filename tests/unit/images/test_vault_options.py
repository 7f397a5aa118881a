"""Vaults in the configuration (vault 2.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fiwareglancesync.images.settings import VaultSettings


def test_a_vault_is_read_and_is_no_target(reading: Any) -> None:
    settings = reading.settings("[vault:north]\npath = /srv/vault\n[vault:south]\npath = /mnt\ntrust_hashes = False\n")
    assert settings.vaults == {
        "north": VaultSettings("north", Path("/srv/vault")),
        "south": VaultSettings("south", Path("/mnt"), trust_hashes=False),
    }
    assert (list(settings.targets), settings.warnings) == (["master"], ())


def test_without_a_section_there_is_no_vault(reading: Any) -> None:
    assert reading.settings().vaults == {}


def test_a_vault_may_be_set_on_the_command_line(reading: Any) -> None:
    settings = reading.settings("[vault:north]\npath = /srv/vault\n", "vault:north.trust_hashes=False")
    assert settings.vaults["north"].trust_hashes is False


def test_what_is_wrong_with_a_vault_is_named(reading: Any) -> None:
    assert reading.problems("[vault:north]\ntrust_hashes = perhaps\n[vault:]\npath = /srv\n") == [
        "FILE:2: [vault:north] trust_hashes: found 'perhaps', expected True or False",
        "FILE:1: [vault:north] path: the folder of the vault is missing: path = FOLDER",
        "FILE:3: a vault needs a name: [vault:NAME]",
    ]


def test_an_unknown_key_of_a_vault_is_a_warning_with_the_nearest_one(reading: Any) -> None:
    (warning,) = reading.warnings("[vault:north]\npath = /srv/vault\npaht = /srv\n")
    assert "paht" in warning
    assert "did you mean path?" in warning
