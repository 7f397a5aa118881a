"""What differs between two runs (vault 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ...base.errors import UsageError
from .vault_folder import Shelf, Vault
from .vault_listing import chosen_shelves
from .vault_model import BackupRun, KeptImage, Record
from .vault_times import time_text

AT = "@"
"""Between the name of a shelf and a time."""


class Change(Enum):
    """How an image of one run differs from the same image of the other run."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class DiffRow:
    """An image that is not the same in both runs.

    :param size: bytes in the newer run, or in the older one where it was removed
    :param differences: names of fields, separated by commas; "content" stands for the bytes
    """

    change: str
    id: str
    name: str
    size: int
    differences: str


@dataclass(frozen=True)
class ChosenRun:
    """A run of a shelf."""

    shelf: Shelf
    run: BackupRun


def choose_run(vault: Vault, word: str, read_time: Callable[[str], datetime]) -> ChosenRun:
    """The run that a word names: ``SHELF``, ``SHELF@TIME``, or ``TIME`` where there is one shelf.

    :param read_time: reads a time as users write it
    :raises UsageError: there is no such run
    :raises VaultError: it cannot be read
    """
    names = vault.shelf_names()
    if word in names:
        shelf, at = vault.shelf(word), None
    else:
        name, _, time = word.rpartition(AT)
        if not name and len(names) != 1:
            raise UsageError(f"{word} is no shelf; write SHELF or SHELF{AT}TIME; shelves: {', '.join(names) or 'none'}")
        (shelf,) = chosen_shelves(vault, [name or names[0]])
        at = read_time(time)
    listed = next((each for each in shelf.run_times() if at is None or each <= at), None)
    if listed is None:
        when = "" if at is None else f" at {time_text(at)}"
        raise UsageError(f"shelf {shelf.name} has no run{when}; glancesync vault runs lists the runs")
    return ChosenRun(shelf, shelf.run(listed))


def differences(old: ChosenRun, new: ChosenRun) -> Iterator[DiffRow]:
    """The images that are not the same in both runs, by name.

    :raises VaultError: a record cannot be read
    """
    before = {image.id: image for image in old.run.images}
    after = {image.id: image for image in new.run.images}
    for uuid in sorted(before.keys() | after.keys(), key=lambda uuid: ((after.get(uuid) or before[uuid]).name, uuid)):
        was, now = before.get(uuid), after.get(uuid)
        if now is None and was is not None:
            yield _row(Change.REMOVED, was, "")
        elif was is None and now is not None:
            yield _row(Change.ADDED, now, "")
        elif was is not None and now is not None and (was, old.shelf.name) != (now, new.shelf.name):
            fields = _fields(old.shelf.record(uuid, was.record), new.shelf.record(uuid, now.record))
            if fields:
                yield _row(Change.CHANGED, now, ", ".join(fields))


def _row(change: Change, image: KeptImage, fields: str) -> DiffRow:
    return DiffRow(change.value, image.id, image.name, image.content.size if image.content else 0, fields)


def _fields(was: Record, now: Record) -> list[str]:
    """The names of what differs."""
    one, other = was.state.document, now.state.document
    found = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    if was.state.members != now.state.members:
        found.append("members")
    if was.content != now.content:
        found.append("content")
    return found
