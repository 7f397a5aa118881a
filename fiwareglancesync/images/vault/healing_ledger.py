"""What healing remembers in a shelf, ``healing.json``: how long images are not needed, what was removed (vault 5.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from . import vault_files
from .strict_json import Fields, document, read_document
from .vault_errors import UnreadableDocument
from .vault_folder import Shelf
from .vault_times import time_text
from .vault_writer import VaultWriter

KEPT_DAYS = 400
"""Days for which a removal is remembered, so that it can be reverted."""


class RemovalStep(str, Enum):
    """A step of the removal of an image."""

    HIDDEN = "hidden"
    """It was hidden in the region."""

    DELETED = "deleted"
    """It was deleted in the region."""

    LEFT = "left"
    """It left the shelf."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One step that was done, or begun: it is written before it is done.

    :param id: UUID of the image
    :param time: when
    """

    id: str
    name: str
    step: RemovalStep
    time: datetime


@dataclass(frozen=True)
class HealingLedger:
    """What healing remembers.

    :param files: how many templates there were the last time
    :param unneeded: name or UUID → since when no template needed or mentioned it in any run
    :param removals: the steps of removals, the oldest first
    """

    files: int = 0
    unneeded: Mapping[str, datetime] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()

    def observed(self, names: Iterable[str], files: int, now: datetime) -> HealingLedger:
        """The ledger after a run.

        :param names: the names and UUIDs of the images that no template needs or mentions
        :param files: how many templates there are
        :param now: the present time; a slightly later one in the ledger is that of another machine's clock
        """
        unneeded = {name: min(self.unneeded.get(name, now), now) for name in names}
        oldest = now - timedelta(days=KEPT_DAYS)
        return HealingLedger(files, unneeded, tuple(each for each in self.removals if each.time > oldest))

    def with_removals(self, removals: Collection[Removal]) -> HealingLedger:
        """The ledger with further steps."""
        return replace(self, removals=(*self.removals, *removals))

    def begun_anew(self, name: str) -> HealingLedger:
        """The ledger in which the time of an image begins anew with the next healing."""
        return replace(self, unneeded={key: since for key, since in self.unneeded.items() if key != name})

    def without(self, image_id: str) -> HealingLedger:
        """The ledger without the removal of an image, which was reverted."""
        return replace(self, removals=tuple(each for each in self.removals if each.id != image_id))

    @property
    def latest(self) -> datetime | None:
        """The latest time that it has."""
        return max((*self.unneeded.values(), *(each.time for each in self.removals)), default=None)

    def removed(self, step: RemovalStep, after: datetime) -> frozenset[str]:
        """UUIDs of the images with which a step was done, or begun, after a time."""
        return frozenset(each.id for each in self.removals if each.step is step and each.time > after)

    def as_document(self) -> bytes:
        """The text of the document."""
        unneeded = [{"name": name, "since": time_text(since)} for name, since in sorted(self.unneeded.items())]
        removals = [
            {"id": each.id, "name": each.name, "step": each.step.value, "time": time_text(each.time)}
            for each in self.removals
        ]
        fields: dict[str, Any] = {"files": self.files, "unneeded": unneeded, "removals": removals}
        return document("healing", fields)


def read_ledger(shelf: Shelf) -> HealingLedger:
    """What healing remembers of a shelf; empty when nothing.

    :raises UnreadableDocument: it cannot be read
    """
    path = shelf.paths.healing
    content = vault_files.read_if_there(path)
    if content is None:
        return HealingLedger()
    try:
        fields = read_document(content, "healing", str(path))
        unneeded = fields.objects("unneeded", lambda each: (each.text("name"), each.time("since")))
        return HealingLedger(fields.whole("files"), dict(unneeded), fields.objects("removals", _removal))
    except UnreadableDocument as error:
        advice = "if it is damaged, delete it: the times of all images begin anew"
        raise UnreadableDocument(f"{error}; {advice}") from error


def _removal(fields: Fields) -> Removal:
    return Removal(fields.text("id"), fields.text("name"), fields.choice("step", RemovalStep), fields.time("time"))


def write_ledger(writer: VaultWriter, shelf: Shelf, ledger: HealingLedger) -> None:
    """Remember; the document before it stays until this one is complete.

    :param shelf: one that is bound
    """
    writer.replace_document(shelf.paths.healing, ledger.as_document())
