"""Reads all that a prune has to know (vault 2.4). What cannot be read is an error: then nothing is removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from pathlib import Path

from ..model import is_uuid, normal_uuid
from . import vault_files
from .prune_plan import DamagedFile, PruneInventory, RecordKey, RemovedFolder, StoredContent, StoredRecord
from .strict_json import is_sha512
from .vault_errors import PruneRefused, VaultError
from .vault_folder import Shelf, Vault
from .vault_model import BackupRun, ContentKey, Record
from .vault_paths import RECORDS, record_number, removal_date
from .vault_times import read_file_time


def read_inventory(vault: Vault, ignored_pins: Collection[str] = ()) -> PruneInventory:
    """Look at a vault: files first, then pins, records and runs, in the order in which writers make them.

    What a backup writes meanwhile is either seen, or is new and therefore stays.

    :param ignored_pins: the runs that do not exist any more
    :raises PruneRefused: something cannot be read, or is of a newer program
    """
    try:
        return _read(vault, ignored_pins)
    except VaultError as error:
        raise PruneRefused(f"nothing is removed, as not all is known: {error}") from error
    except OSError as error:
        raise PruneRefused(f"nothing is removed, as not all is known: {vault_files.vault_error(error)}") from error


def _read(vault: Vault, ignored_pins: Collection[str]) -> PruneInventory:
    _check_shelves(vault)
    paths = vault.paths
    contents = tuple(content for folder in _prefix_folders(paths.content) for content in _contents(folder))
    pinned = frozenset(_pins(paths.pins, ignored_pins))
    records: list[StoredRecord] = []
    fixed: set[ContentKey] = set()
    for folder in _folders(paths.shelves, follow=True):
        for record, is_file in _records(folder / RECORDS, folder.name):
            if is_file:
                records.append(record)
            elif record.content is not None:
                fixed.add(record.content)
    removed = tuple(_removed(paths.unreferenced))
    needed: set[ContentKey] = set()
    needed_records: set[RecordKey] = set()
    for folder in _folders(paths.shelves, follow=True):
        for run in _runs(folder / "runs"):
            needed.update(image.content for image in run.images if image.content is not None)
            needed_records.update(RecordKey(folder.name, normal_uuid(i.id), i.record) for i in run.images)
    return PruneInventory(
        frozenset(needed),
        pinned,
        frozenset(needed_records),
        contents,
        tuple(records),
        frozenset(fixed),
        removed,
        tuple(_damaged(paths.damaged)),
    )


def _check_shelves(vault: Vault) -> None:
    """Refuse a vault a part of which is missing, such as a shelf on a disk that is not mounted."""
    for name in vault.mark().shelves:
        paths = Shelf(vault, name).paths
        for folder in (paths.folder, paths.records, paths.runs):
            if not folder.is_dir():
                raise VaultError(f"shelf {name} is in {vault.paths.mark.name}, and {folder} is missing")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _entries_if_there(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder that another prune may remove meanwhile."""
    try:
        return _entries(folder)
    except FileNotFoundError:
        return []


def _folders(folder: Path, *, follow: bool = False) -> list[Path]:
    """The folders in a folder.

    :param follow: whether links to folders count; what is below them is read, and stays
    """
    return [folder / entry.name for entry in _entries(folder) if entry.is_dir(follow_symlinks=follow)]


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, without links; none when there is no such folder."""
    return [folder / entry.name for entry in _entries_if_there(folder) if entry.is_dir(follow_symlinks=False)]


def _prefix_folders(content: Path) -> Iterator[Path]:
    return (folder for folder in _folders(content) if len(folder.name) == 2)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The status of a file; None when it is a link, a folder or a special file, or is gone."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _changed(status: os.stat_result) -> datetime:
    """When a file was written; what has a time that no calendar has stays, as if it were new."""
    try:
        return datetime.fromtimestamp(status.st_mtime, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=timezone.utc)


def _contents(folder: Path) -> Iterator[StoredContent]:
    """The contents in a folder; other files are none of ours."""
    for entry in _entries_if_there(folder):
        status = _status(entry)
        if status is not None and is_sha512(entry.name) and _is_place_of(folder, entry.name):
            yield StoredContent(entry.name, status.st_size, _changed(status))


def _is_place_of(folder: Path, sha512: str) -> bool:
    """Whether a content may be in a folder: in one of ``unreferenced``, or in the one with its beginning."""
    return removal_date(folder.name) is not None or sha512.startswith(folder.name)


def _pins(pins: Path, ignored: Collection[str]) -> Iterator[str]:
    for entry in _entries(pins):
        if entry.name not in ignored and entry.is_dir():
            yield from (pin.name for pin in _entries_if_there(pins / entry.name) if is_sha512(pin.name))


def _records(folder: Path, shelf: str) -> Iterator[tuple[StoredRecord, bool]]:
    """The records of a shelf, each with whether it may be moved: links, and what is below them, are not."""
    for image in _entries_if_there(folder):
        if not (is_uuid(image.name) and normal_uuid(image.name) == image.name and image.is_dir()):
            continue
        for entry in _entries_if_there(folder / image.name):
            number = record_number(entry.name)
            path = folder / image.name / entry.name
            content = vault_files.read_if_there(path) if number is not None else None
            if number is None or content is None:
                continue
            record, status = Record.read(content, str(path)), _status(entry)
            key = RecordKey(shelf, image.name, number)
            changed = record.recorded if status is None else _changed(status)
            is_file = status is not None and not (
                image.is_symlink() or folder.is_symlink() or folder.parent.is_symlink()
            )
            yield StoredRecord(key, record.content, changed), is_file


def _removed(unreferenced: Path) -> Iterator[RemovedFolder]:
    for folder in _folders(unreferenced):
        date = removal_date(folder.name)
        if date is None:
            continue
        records = (record for shelf in subfolders(folder / RECORDS) for record in _records(shelf, shelf.name))
        files = tuple(record for record, is_file in records if is_file)
        yield RemovedFolder(date, tuple(_contents(folder)), files)


def _runs(folder: Path) -> Iterator[BackupRun]:
    """The runs of a shelf, without those that are dropped meanwhile."""
    for entry in _entries_if_there(folder):
        if entry.name.endswith(".json") and read_file_time(entry.name.removesuffix(".json")) is not None:
            content = vault_files.read_if_there(folder / entry.name)
            if content is not None:
                yield BackupRun.read(content, str(folder / entry.name))


def _damaged(damaged: Path) -> Iterator[DamagedFile]:
    for entry in _entries_if_there(damaged):
        sha512, _, time = entry.name.partition(".")
        found, status = read_file_time(time), _status(entry)
        if is_sha512(sha512) and found is not None and status is not None:
            yield DamagedFile(entry.name, sha512, status.st_size, found)
