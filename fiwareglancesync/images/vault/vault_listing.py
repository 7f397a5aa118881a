"""What a vault has, as rows for users (vault 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.errors import UsageError
from ...base.text import nearest
from ..model import is_uuid
from . import vault_files
from .vault_errors import NewerFormat, VaultError
from .vault_folder import Shelf, Vault
from .vault_model import BackupRun, ContentKey, Record
from .vault_times import time_text


@dataclass(frozen=True, slots=True)
class RunRow:
    """One finished backup.

    :param run: when the region was listed
    :param apparent: bytes of all images
    :param stored: bytes that their content takes on the disk, each content once
    """

    shelf: str
    run: str
    complete: bool
    images: int
    failures: int
    skipped: int
    apparent: int
    stored: int


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image in a run.

    :param apparent: its bytes
    :param stored: bytes that its content takes on the disk
    :param content: ``kept``, ``none``, or ``missing`` when the vault has lost it
    """

    shelf: str
    id: str
    name: str
    record: int
    apparent: int
    stored: int
    content: str
    sha512: str | None


def chosen_shelves(vault: Vault, names: Sequence[str]) -> list[Shelf]:
    """The shelves that are named, or all.

    :raises UsageError: there is no such shelf
    """
    known = vault.shelf_names()
    for name in names:
        if name not in known:
            near = nearest(name, known)
            meant = f"; did you mean {near}?" if near else ""
            raise UsageError(f"{vault.folder} has no shelf {name}; it has: {', '.join(known) or 'none'}{meant}")
    return [vault.shelf(name) for name in names or known]


def run_rows(shelves: Iterable[Shelf], fail: Callable[[VaultError], None]) -> Iterator[RunRow]:
    """The runs of shelves, of each shelf the newest first.

    :param fail: takes the error of each run, and of each shelf, that cannot be read
    :raises NewerFormat: a newer program wrote one
    """
    for shelf in shelves:
        try:
            times = shelf.run_times()
        except VaultError as error:
            fail(error)
            continue
        for listed in times:
            try:
                run = shelf.run(listed)
            except NewerFormat:
                raise
            except VaultError as error:
                fail(error)
            else:
                yield _row_of_run(shelf, run)


def _row_of_run(shelf: Shelf, run: BackupRun) -> RunRow:
    contents = {image.content for image in run.images if image.content is not None}
    return RunRow(
        shelf.name,
        time_text(run.listed),
        run.complete,
        len(run.images),
        len(run.failures),
        len(run.skipped),
        sum(image.content.size for image in run.images if image.content is not None),
        sum(shelf.vault.stored_bytes(content) for content in contents),
    )


def image_rows(
    shelves: Iterable[Shelf], at: datetime | None, fail: Callable[[VaultError], None]
) -> Iterator[ImageRow]:
    """The images of the newest complete run of each shelf, by name.

    :param at: the time at which it was the newest, None for now
    :param fail: takes an error for each shelf that has no such run, or whose run cannot be read
    :raises NewerFormat: a newer program wrote a run
    """
    for shelf in shelves:
        try:
            run = newest_run(shelf, at)
        except NewerFormat:
            raise
        except VaultError as error:
            fail(error)
        else:
            yield from rows_of_run(shelf, run)


def newest_run(shelf: Shelf, at: datetime | None = None) -> BackupRun:
    """The newest complete run of a shelf.

    :param at: the time at which it was the newest, None for now
    :raises VaultError: there is none, or it cannot be read
    """
    run = shelf.newest_complete(at)
    if run is None:
        when = "" if at is None else f" at {time_text(at)}"
        raise VaultError(f"shelf {shelf.name} has no complete run{when}; glancesync vault runs lists the runs")
    return run


def rows_of_run(shelf: Shelf, run: BackupRun) -> Iterator[ImageRow]:
    """The images of a run, by name."""
    for image in sorted(run.images, key=lambda image: (image.name, image.id)):
        there, stored = _content(shelf.vault, image.content)
        apparent, sha512 = (image.content.size, image.content.sha512) if image.content else (0, None)
        yield ImageRow(shelf.name, image.id, image.name, image.record, apparent, stored, there, sha512)


def newest_records(vault: Vault, image_id: str) -> list[tuple[Shelf, int, Record]]:
    """The newest record of an image in each shelf that has it.

    :raises UsageError: no shelf has it, or it is no UUID
    """
    if not is_uuid(image_id):
        raise UsageError(f"{image_id} is no UUID; glancesync vault ls lists the UUIDs of the images")
    found = []
    for shelf in chosen_shelves(vault, ()):
        numbers = shelf.record_numbers(image_id)
        if numbers:
            found.append((shelf, numbers[-1], shelf.record(image_id, numbers[-1])))
    if not found:
        raise UsageError(f"{vault.folder} has no image {image_id}")
    return found


def _content(vault: Vault, content: ContentKey | None) -> tuple[str, int]:
    if content is None:
        return "none", 0
    path = vault.find(content)
    return ("missing", 0) if path is None else ("kept", vault_files.stored_bytes(path))
