"""Which vault is meant, and how a command for the user names it (vault 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.images.backup.vault_choice import choose_vault, vault_option
from fiwareglancesync.images.settings import Settings, VaultSettings

FOLDER, OTHER = Path("/srv/vault"), Path("/mnt/my vault")


def configured(*folders: Path) -> Settings:
    """Settings with vaults that are named v0, v1 …"""
    vaults = {f"v{number}": VaultSettings(f"v{number}", folder) for number, folder in enumerate(folders)}
    return Settings("Spain", {}, vaults=vaults)


@pytest.mark.parametrize(
    ("folder", "settings", "option"),
    [
        (FOLDER, configured(FOLDER), ""),
        (FOLDER, configured(OTHER, FOLDER), " --vault v1"),
        (FOLDER, configured(OTHER), " --vault /srv/vault"),
        (OTHER, configured(), " --vault '/mnt/my vault'"),
    ],
)
def test_a_command_names_a_vault_where_it_is_not_clear(folder: Path, settings: Settings, option: str) -> None:
    assert vault_option(folder, settings) == option


def test_a_vault_in_the_current_folder_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert vault_option(Path("v"), configured()) == f" --vault {tmp_path / 'v'}"
    assert choose_vault(str(tmp_path / "v"), configured).path == tmp_path / "v"
