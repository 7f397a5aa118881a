"""What is removed from a vault (vault 2.4). Pure: vault and clock have been looked at before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .vault_model import ContentKey

KEEP_DAYS = 7
"""Days for which what nothing refers to stays where it is, and then in ``unreferenced``."""


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """Identifies a record.

    :param shelf: the folder of its shelf
    :param image: UUID of the image
    :param number: of the record
    """

    shelf: str
    image: str
    number: int


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file with a content.

    :param size: bytes of the file
    :param changed: when it was written
    """

    sha512: str
    size: int
    changed: datetime

    @property
    def key(self) -> ContentKey:
        """What it has to be a reference to."""
        return ContentKey(self.sha512, self.size)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A file with a record.

    :param content: what the record refers to, None when it has no content
    :param changed: when it was written
    """

    key: RecordKey
    content: ContentKey | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class RemovedFolder:
    """A folder of ``unreferenced``.

    :param date: its name: when its files were moved there
    """

    date: date
    contents: tuple[StoredContent, ...] = ()
    records: tuple[StoredRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A file of ``damaged``.

    :param file: its name
    :param sha512: of the content whose bytes it should have
    :param found: when it was moved there
    """

    file: str
    sha512: str
    size: int
    found: datetime


@dataclass(frozen=True, slots=True)
class PruneInventory:
    """A vault as it is.

    :param needed: the contents that runs refer to
    :param pinned: the SHA-512 of those that running backups need
    :param needed_records: the records that runs refer to
    :param contents: the files in ``content``
    :param records: the records in shelves
    :param fixed: the contents of records that are not to be moved, as their files are links
    :param removed: the folders of ``unreferenced``
    """

    needed: frozenset[ContentKey] = frozenset()
    pinned: frozenset[str] = frozenset()
    needed_records: frozenset[RecordKey] = frozenset()
    contents: tuple[StoredContent, ...] = ()
    records: tuple[StoredRecord, ...] = ()
    fixed: frozenset[ContentKey] = frozenset()
    removed: tuple[RemovedFolder, ...] = ()
    damaged: tuple[DamagedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What is done, in this order.

    :param returned_contents: are moved back, with the date of their folder
    :param returned_records: are moved back
    :param deleted_records: are deleted
    :param deleted_contents: are deleted
    :param moved_records: are moved to ``unreferenced``
    :param moved_contents: are moved to ``unreferenced``
    :param deleted_damaged: are deleted
    :param all_bytes: of all contents of the vault
    """

    returned_contents: tuple[tuple[date, StoredContent], ...] = ()
    returned_records: tuple[tuple[date, StoredRecord], ...] = ()
    deleted_records: tuple[tuple[date, StoredRecord], ...] = ()
    deleted_contents: tuple[tuple[date, StoredContent], ...] = ()
    moved_records: tuple[StoredRecord, ...] = ()
    moved_contents: tuple[StoredContent, ...] = ()
    deleted_damaged: tuple[DamagedFile, ...] = ()
    all_bytes: int = 0

    @property
    def leaving_bytes(self) -> int:
        """The bytes of contents that are moved to ``unreferenced`` or deleted."""
        deleted = (content for _, content in self.deleted_contents)
        return sum(content.size for content in (*deleted, *self.moved_contents))

    @property
    def takes_over_half(self) -> bool:
        """Whether over half of all bytes would leave: rather a mistake than a wish."""
        return 2 * self.leaving_bytes > self.all_bytes


def plan_prune(inventory: PruneInventory, now: datetime) -> PrunePlan:
    """Decide what is moved back, deleted, and moved to ``unreferenced``.

    A content leaves only if no run, no pin and no record that stays refers to it. What is in ``unreferenced`` and
    needed is moved back, or stays there if the same is in its usual place.

    :param now: the present time, in UTC
    """
    before = now - timedelta(days=KEEP_DAYS)
    moved_records = tuple(
        each for each in inventory.records if each.key not in inventory.needed_records and each.changed < before
    )
    records = _plan_removed_records(inventory, now)
    staying = (*set(inventory.records).difference(moved_records), *(record for _, record in records.returned))
    needed = {*inventory.needed, *inventory.fixed, *_contents(staying)}
    hashes = _hashes(needed) | inventory.pinned
    lasting = hashes.union(_hashes(_contents(records.left)), _hashes(_contents(moved_records)))
    removed = [(folder.date, content) for folder in inventory.removed for content in folder.contents]
    usual = {content.sha512: content for content in inventory.contents}
    return PrunePlan(
        returned_contents=tuple(_returned(removed, usual, needed, inventory.pinned)),
        returned_records=records.returned,
        deleted_records=records.deleted,
        deleted_contents=tuple(
            (day, content) for day, content in removed if content.sha512 not in lasting and is_due(day, now)
        ),
        moved_records=moved_records,
        moved_contents=tuple(
            content for content in inventory.contents if content.sha512 not in hashes and content.changed < before
        ),
        deleted_damaged=tuple(
            file
            for file in inventory.damaged
            if file.found < before and (file.sha512 not in hashes or file.sha512 in usual)
        ),
        all_bytes=sum(content.size for content in (*inventory.contents, *(each for _, each in removed))),
    )


@dataclass(frozen=True, slots=True)
class _RemovedRecords:
    """What is done with the records in ``unreferenced``.

    :param left: stay there
    """

    returned: tuple[tuple[date, StoredRecord], ...]
    deleted: tuple[tuple[date, StoredRecord], ...]
    left: tuple[StoredRecord, ...]


def _plan_removed_records(inventory: PruneInventory, now: datetime) -> _RemovedRecords:
    there = {record.key for record in inventory.records}
    returned, deleted, left = [], [], []
    for folder in sorted(inventory.removed, key=lambda folder: folder.date, reverse=True):
        for record in folder.records:
            if record.key not in inventory.needed_records and is_due(folder.date, now):
                deleted.append((folder.date, record))
            elif record.key in inventory.needed_records and record.key not in there:
                there.add(record.key)
                returned.append((folder.date, record))
            else:
                left.append(record)
    return _RemovedRecords(tuple(returned), tuple(deleted), tuple(left))


def is_due(day: date, now: datetime) -> bool:
    """Whether what was moved to ``unreferenced`` on a day, perhaps at its end, may be deleted.

    :param now: the present time, in UTC
    """
    return day < (now - timedelta(days=KEEP_DAYS)).date()


def _contents(records: Iterable[StoredRecord]) -> Iterator[ContentKey]:
    return (record.content for record in records if record.content is not None)


def _hashes(contents: Iterable[ContentKey]) -> set[str]:
    return {content.sha512 for content in contents}


def _returned(
    removed: Iterable[tuple[date, StoredContent]],
    usual: Mapping[str, StoredContent],
    needed: Set[ContentKey],
    pinned: Set[str],
) -> Iterator[tuple[date, StoredContent]]:
    """What is needed and not in its usual place, or only cut off there; the newest folder is preferred."""
    pinned_alone = pinned - _hashes(needed)
    taken: set[str] = set()
    for day, content in sorted(removed, key=lambda pair: pair[0], reverse=True):
        present = usual.get(content.sha512)
        if content.sha512 in taken:
            continue
        if content.key in needed:
            is_missing = present is None or present.key not in needed
        else:
            is_missing = content.sha512 in pinned_alone and present is None
        if is_missing:
            taken.add(content.sha512)
            yield day, content
