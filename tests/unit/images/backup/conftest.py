"""A vault, a region, and backups of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.events import Event
from fiwareglancesync.images.backup.backup_outcome import BackupOutcome
from fiwareglancesync.images.backup.backup_run import BackupInput, BackupOptions, back_up
from fiwareglancesync.images.execution.recorder import Recorder
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.described_place import DescribedPlace

USUAL = BackupOptions()

BackUp = Callable[..., BackupOutcome]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty vault."""
    return init_vault(tmp_path / "vault")


@pytest.fixture
def place() -> DescribedPlace:
    """An empty region."""
    return DescribedPlace()


@pytest.fixture
def events() -> list[Event]:
    """What happened."""
    return []


@pytest.fixture
def run(vault: Vault, place: DescribedPlace, events: list[Event]) -> BackUp:
    """Backs the region up; takes the fields of ``BackupOptions``."""

    def back_it_up(**options: Any) -> BackupOutcome:
        return back_up(given(vault, place, events, BackupOptions(**options)))

    return back_it_up


def given(
    vault: Vault, place: Any, events: list[Event], options: BackupOptions = USUAL, at_once: int = 1
) -> BackupInput:
    """What a backup needs.

    :param at_once: how many small images are backed up at the same time
    """
    recorder, shelf = Recorder(place.name, events.append), vault.shelf(place.name)
    sources = (StreamSource(place),)
    return BackupInput(place, vault, shelf, options, recorder, sources, at_once=at_once, first_wait=0)


def back_up_whole(vault: Vault, place: DescribedPlace) -> None:
    """Back up a region; nothing of it may fail."""
    assert not back_up(given(vault, place, [])).failed
