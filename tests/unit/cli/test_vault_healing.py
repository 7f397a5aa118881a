"""What is compared before and after healing (vault 5.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.cli.vault_healing import OpenedHealing
from fiwareglancesync.images.healing.healing_errors import HealingRefused
from fiwareglancesync.images.healing.healing_inventory import HealingRequest
from fiwareglancesync.images.settings import Settings, VaultSettings
from fiwareglancesync.images.vault.vault_folder import init_vault
from tests.support.comparing import templates


def test_a_region_that_cannot_be_listed_after_healing_is_an_error_and_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federation: Any = None
    settings = Settings("Burgos", {}, images_dir=tmp_path)
    vault = init_vault(tmp_path / "vault")
    chosen = VaultSettings("north", vault.folder)
    opened = OpenedHealing(settings, federation, chosen, vault, HealingRequest("Burgos", None, templates()))
    said: list[Message] = []
    monkeypatch.setattr("fiwareglancesync.cli.vault_healing.take_healing_inventory", refuse)
    assert opened.look_again(said.append) is None
    assert [message.text for message in said] == [
        "It is not known how the images stand after healing. Cause: Burgos cannot be listed whole"
    ]


def refuse(*given: object) -> None:
    """What looks at the region."""
    raise HealingRefused("Burgos cannot be listed whole")
