"""Removes from a vault what nothing refers to, in two steps that are at least seven days apart (vault 2.4).

No lock is needed: a backup that needs what is moved or deleted meanwhile moves it back, or finds it gone and fetches it
(vault 1.2). Before it may be deleted, seven days pass in which everybody finds it in ``unreferenced``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ...base.units import mib
from ..model import is_uuid
from . import vault_files
from .dead_writers import dead_writers, old_locks
from .prune_inventory import read_inventory, subfolders
from .prune_plan import PrunePlan, RecordKey, StoredContent, is_due, plan_prune
from .vault_errors import PruneRefused
from .vault_folder import Vault, size_of
from .vault_paths import RECORDS


@dataclass(frozen=True)
class Prune:
    """What a prune does.

    :param dead: folders of backups that do not exist any more, and locks that they left
    :param now: the time for which it was planned
    """

    plan: PrunePlan
    dead: tuple[Path, ...]
    now: datetime


def plan_removal(vault: Vault, leftover_age: float, now: datetime, *, force: bool = False) -> Prune:
    """Look at a vault and decide what is removed; nothing is changed.

    :param leftover_age: seconds for which nothing may have changed in a folder of a backup of another machine
    :param now: the present time, in UTC
    :param force: whether over half of all bytes may leave
    :raises PruneRefused: not all is known, or too much would leave
    """
    dead = dead_writers(vault, leftover_age, now.timestamp())
    ignored = {folder.name for folder in dead if folder.parent == vault.paths.pins}
    plan = plan_prune(read_inventory(vault, ignored), now)
    if plan.takes_over_half and not force:
        sizes = f"{mib(plan.leaving_bytes)} of {mib(plan.all_bytes)} MB"
        raise PruneRefused(f"nothing is removed, as over half of the vault would go: {sizes}; use --force if it should")
    return Prune(plan, (*dead, *old_locks(vault, leftover_age, now.timestamp())), now)


def prune(vault: Vault, removal: Prune) -> None:
    """Carry a plan out. If it is interrupted, the next one does the rest.

    What is needed is moved back with its content first; what is removed leaves with its records first.

    :raises VaultError: the disk refuses
    """
    plan = removal.plan
    for path in removal.dead:
        if path.parent == vault.paths.incoming and path.suffix == ".lock":
            vault_files.remove(path)
        else:
            vault_files.remove_folder(path)
    paths, unreferenced = vault.paths, vault.paths.unreferenced_folder
    for day, content in plan.returned_contents:
        _return_content(vault, unreferenced(day) / content.sha512, content, removal.now)
    for day, record in plan.returned_records:
        _move(unreferenced(day) / _relative(record.key), paths.shelves / _usual(record.key), paths.shelves)
    for day, record in plan.deleted_records:
        vault_files.remove(unreferenced(day) / _relative(record.key))
    for folder in {(unreferenced(day) / _relative(record.key)).parent for day, record in plan.deleted_records}:
        vault_files.sync_folder_if_there(folder)
    for day, content in plan.deleted_contents:
        vault_files.remove(unreferenced(day) / content.sha512)
    today = unreferenced(removal.now.date())
    for record in plan.moved_records:
        _move(paths.shelves / _usual(record.key), today / _relative(record.key), paths.unreferenced)
    for content in plan.moved_contents:
        _move(paths.content_file(content.sha512), today / content.sha512, paths.unreferenced)
    for file in plan.deleted_damaged:
        vault_files.remove(paths.damaged / file.file)
    _remove_empty(vault, removal.now)


def _usual(key: RecordKey) -> Path:
    """The file of a record below the folder of all shelves."""
    return Path(key.shelf, RECORDS, key.image, f"{key.number}.json")


def _relative(key: RecordKey) -> Path:
    """The file of a record below a folder of ``unreferenced``."""
    return Path(RECORDS, key.shelf, key.image, f"{key.number}.json")


def _move(path: Path, to: Path, top: Path) -> None:
    """Move a file, unless it is gone, or its new place is taken.

    :param top: the folder above the new place that is there
    """
    if to.exists():
        return
    for folder in reversed(to.relative_to(top).parents):
        vault_files.make_folder(top / folder)
    vault_files.rename_if_there(path, to)


def _return_content(vault: Vault, path: Path, content: StoredContent, now: datetime) -> None:
    """Move a content back to its usual place; a file that is cut off there is kept apart."""
    usual = vault.paths.content_file(content.sha512)
    if size_of(usual) == content.size:
        return
    vault_files.make_folder(usual.parent)
    if size_of(usual) is not None:
        vault_files.link_if_there(usual, vault.paths.damaged_file(content.sha512, now))
    vault_files.rename_if_there(path, usual)


def _remove_empty(vault: Vault, now: datetime) -> None:
    """Remove the folders of days that are long past, if they are empty by now, with the folders of records in them."""
    for folder in vault.unreferenced_folders():
        if not is_due(date.fromisoformat(folder.name), now) or folder.is_symlink():
            continue
        records = folder / RECORDS
        shelves = [] if records.is_symlink() else subfolders(records)
        images = [image for shelf in shelves for image in subfolders(shelf) if is_uuid(image.name)]
        for each in (*images, *shelves, records, folder):
            vault_files.remove_folder_if_empty(each)
