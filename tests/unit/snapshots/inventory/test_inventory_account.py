"""Whose Nova and Cinder list servers (snapshots 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.snapshots.inventory.inventory_account import open_inventory
from fiwareglancesync.snapshots.inventory.inventory_source import OpenStackInventory
from fiwareglancesync.snapshots.snapshot_options import read_snapshot_settings

ACCOUNT = {
    "OS_AUTH_URL": "http://127.0.0.1:1/v3",
    "OS_USERNAME": "snap",
    "OS_PASSWORD": "secret",
    "OS_PROJECT_NAME": "service",
}


def opened(
    environ: dict[str, str], folder: Path, text: str = "", *, is_needed: bool = False
) -> OpenStackInventory | None:
    (folder / "test.conf").write_text(text)
    configuration = Configuration(str(folder / "test.conf"), [], environ, option_tables(), lambda *_: None)
    configuration.raise_problems()
    return open_inventory(configuration, read_snapshot_settings(configuration), environ, is_needed=is_needed)


def test_without_an_account_somebody_else_writes_the_list(tmp_path: Path) -> None:
    assert opened({}, tmp_path) is None
    with pytest.raises(ConfigError, match="OS_AUTH_URL"):
        opened({}, tmp_path, is_needed=True)


def test_a_region_without_an_account_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="OS_AUTH_URL"):
        opened({}, tmp_path, "[snapshots]\nregion = Spain\n")


@pytest.mark.parametrize("is_needed", [False, True])
def test_the_account_is_that_of_the_environment(tmp_path: Path, is_needed: bool) -> None:
    assert opened(ACCOUNT, tmp_path, is_needed=is_needed) is not None


def test_an_account_that_is_stated_in_part_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="OS_PASSWORD"):
        opened({name: text for name, text in ACCOUNT.items() if name != "OS_PASSWORD"}, tmp_path)


def test_a_region_of_a_target_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="region: there is no target elsewhere"):
        opened(ACCOUNT, tmp_path, "[snapshots]\nregion = elsewhere:Spain\n")


def test_an_application_credential_is_enough(tmp_path: Path) -> None:
    credential = {
        "OS_AUTH_URL": "http://127.0.0.1:1/v3",
        "OS_APPLICATION_CREDENTIAL_ID": "id",
        "OS_APPLICATION_CREDENTIAL_SECRET": "secret",
    }
    assert opened(credential, tmp_path) is not None
