"""Vaults in the configuration (vault 2.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fiwareglancesync.images.settings import InUse, VaultSettings


def test_a_vault_is_read_and_is_no_target(reading: Any) -> None:
    settings = reading.settings("[vault:north]\npath = /srv/vault\n[vault:south]\npath = /mnt\ntrust_hashes = False\n")
    assert settings.vaults == {
        "north": VaultSettings("north", Path("/srv/vault")),
        "south": VaultSettings("south", Path("/mnt"), trust_hashes=False),
    }
    assert (list(settings.targets), settings.warnings) == (["master"], ())


def test_the_options_of_healing_are_read(reading: Any) -> None:
    settings = reading.settings(
        "[vault:north]\npath = /srv/vault\ntemplates = /srv/heat, /srv/more\ntag = LAB\nquarantine = 14d\n"
        "max_deletions = 0\nin_use = Unchecked\n"
    )
    assert settings.vaults["north"] == VaultSettings(
        "north",
        Path("/srv/vault"),
        templates=(Path("/srv/heat"), Path("/srv/more")),
        tag="LAB",
        quarantine=14 * 86400,
        max_deletions=0,
        in_use=InUse.UNCHECKED,
    )


def test_a_wrong_option_of_healing_is_named(reading: Any) -> None:
    assert reading.problems("[vault:north]\npath = /srv\nin_use = perhaps\nquarantine = 0\nmax_deletions = -1\n") == [
        "FILE:3: [vault:north] in_use: found 'perhaps', expected checked or unchecked",
        "FILE:4: [vault:north] quarantine: found '0', expected a time such as 24h, 1d12h, 90min or 3600 (seconds), "
        "more than 0",
        "FILE:5: [vault:north] max_deletions: found '-1', expected a whole number, 0 or more",
    ]


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
