"""A region with bytes, its shelf, and what compares them with templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.images.backup.backup_run import BackupInput, BackupOptions, back_up
from fiwareglancesync.images.execution.recorder import Recorder
from fiwareglancesync.images.healing.healing_cycle import RemovalOptions, heal_whole
from fiwareglancesync.images.healing.healing_inventory import (
    HealingInventory,
    HealingRequest,
    take_healing_inventory,
)
from fiwareglancesync.images.healing.healing_run import HealingOptions, HealingTools
from fiwareglancesync.images.healing.removal_plan import ImageUses, RemovalRules
from fiwareglancesync.images.model import Image, Patch
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault, init_vault
from tests.support.comparing import templates
from tests.support.described_place import DescribedPlace

SETTINGS = Settings("Burgos", {"master": Target("master")}, images_dir=Path("/nonexistent"))


class ChangingPlace(DescribedPlace):
    """A region whose images are changed and deleted; ``changes`` says what was done."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[str, str]] = []

    def update(self, image: Image, patch: Patch) -> Image:
        """Change an image."""
        document = self.documents[image.id]
        document |= {_KEYS.get(key, key): value for key, value in patch.fields.items()}
        document |= patch.set
        for key in patch.remove:
            del document[key]
        self.changes.append(("update", image.name))
        return self.get(image.id)

    def delete(self, image_id: str) -> None:
        """Remove an image."""
        self.changes.append(("delete", self.documents.pop(image_id)["name"]))


_KEYS = {"hidden": "os_hidden"}


class OneRegion:
    """A federation that has one region."""

    def __init__(self, place: DescribedPlace) -> None:
        self._place: Any = place

    def regions(self, target: Target) -> Sequence[str]:
        """Its name."""
        return [self._place.name]

    def place(self, target: Target, region: str) -> Any:
        """The region."""
        return self._place

    def forked(self) -> None:
        """Nothing to do."""


@dataclass
class Healed:
    """A region, its shelf, and what looks at them."""

    vault: Vault
    place: ChangingPlace = field(default_factory=ChangingPlace)
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    said: list[str] = field(default_factory=list)

    @property
    def shelf(self) -> Shelf:
        """The shelf."""
        return self.vault.shelf(self.place.name)

    def back_up(self, **options: Any) -> None:
        """Back the region up."""
        recorder = Recorder(self.place.name, lambda event: None)
        place: Any = self.place
        back_up(BackupInput(place, self.vault, self.shelf, BackupOptions(**options), recorder, [StreamSource(place)]))

    def look(self, *needed: str, shelf: str | None = None, **more: Any) -> HealingInventory:
        """Compare them with templates."""
        request = HealingRequest("Burgos", shelf, templates(needed, **more))
        return take_healing_inventory(request, SETTINGS, OneRegion(self.place), self.vault)

    @property
    def tools(self) -> HealingTools:
        """What healing works with; ``said`` gets what it reports."""
        return HealingTools(SETTINGS, OneRegion(self.place), lambda event: None, self._say)

    def _say(self, message: Message) -> None:
        self.said.append(message.text)

    def heal(self, *needed: str, days: int = 0, dry: bool = False, **more: Any) -> bool:
        """Heal with removals.

        :param days: since the healing before
        :param more: of ``RemovalOptions`` and ``RemovalRules``, and about templates
        """
        self.now += timedelta(days=days)
        self.said.clear()
        uses = more.pop("uses", ImageUses)
        fewer = more.pop("fewer_templates", False)
        rules = RemovalRules(**{"patterns": ("*",), **more.pop("rules", {})})
        options = RemovalOptions(rules if more.pop("delete", True) else None, uses, fewer)
        return heal_whole(self.look(*needed, **more), self.tools, HealingOptions(dry), options, lambda: self.now)


@pytest.fixture
def healed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Healed:
    """An empty region, and an empty vault; no lock of another run is in the way."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return Healed(init_vault(tmp_path / "vault"))
