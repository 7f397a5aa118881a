"""A vault as it is read: shelves, runs, records, content (vault 1)."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from ...base.file_names import file_name
from . import vault_files
from .strict_json import is_sha512
from .vault_errors import NoVault, OtherSource, VaultError
from .vault_model import BackupRun, ContentKey, Record, ShelfBinding, ShelfSource, VaultMark
from .vault_paths import RECORDS, ShelfPaths, VaultPaths, is_date, record_number, shelf_name
from .vault_times import read_file_time

NO_HARD_LINKS = frozenset((errno.EPERM, errno.ENOTSUP, errno.ENOSYS))
"""What a file system without hard links answers."""


class Vault:
    """A vault that is there.

    :param folder: the folder
    :raises NoVault: the folder has no mark
    :raises UnreadableDocument: the mark cannot be read, or a newer program wrote it
    """

    def __init__(self, folder: Path) -> None:
        self.paths = VaultPaths(folder)
        self.id = self.mark().id

    def __repr__(self) -> str:
        return f"Vault({str(self.folder)!r})"

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.paths.folder

    def mark(self) -> VaultMark:
        """The mark as it is now.

        :raises NoVault: it is not there
        """
        path = self.paths.mark
        try:
            content = vault_files.read_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            advice = "is its disk mounted? glancesync vault init makes a new vault in an empty folder"
            raise NoVault(f"{self.folder} is no vault: it has no {path.name}; {advice}") from error
        except OSError as error:
            raise NoVault(f"{path} cannot be read: {error.strerror}") from error
        except VaultError as error:
            raise NoVault(str(error)) from error
        return VaultMark.read(content, str(path))

    def shelf_names(self) -> list[str]:
        """The names of all shelves, those that the mark has and those that are there, sorted."""
        there = {shelf_name(name) for name in names_in(self.paths.shelves) if self._is_shelf(name)}
        return sorted(there.union(self.mark().shelves))

    def _is_shelf(self, folder: str) -> bool:
        """Whether a name in ``shelves`` is that of a shelf; files and folders of others have no such name."""
        return file_name(shelf_name(folder)) == folder and (self.paths.shelves / folder).is_dir()

    def shelf(self, name: str) -> Shelf:
        """A shelf, which may not be there yet.

        :raises VaultError: no shelf can have this name
        """
        return Shelf(self, name)

    def find(self, content: ContentKey) -> Path | None:
        """The file that has a content; None when the vault does not have it, or has a part of it only.

        Whoever writes has to use :meth:`.vault_writer.VaultWriter.hold` instead.
        """
        return next((path for path in self.places_of(content.sha512) if size_of(path) == content.size), None)

    def places_of(self, sha512: str) -> Iterator[Path]:
        """The files that may have a content, the usual one first."""
        usual = self.paths.content_file(sha512)
        yield usual
        for folder in self.unreferenced_folders():
            yield folder / sha512
        yield usual  # a backup may have moved it back since the first look

    def unreferenced_folders(self) -> list[Path]:
        """The folders with what nothing refers to, the oldest first."""
        return [self.paths.unreferenced / name for name in names_in(self.paths.unreferenced) if is_date(name)]

    def content_beginnings(self) -> list[str]:
        """The first two characters of the hashes of all contents, sorted."""
        moved = {name[:2] for folder in self.unreferenced_folders() for name in names_in(folder) if is_sha512(name)}
        return sorted(moved.union(name for name in names_in(self.paths.content) if len(name) == 2))

    def content_files(self, beginning: str) -> Iterator[Path]:
        """The files with contents, wherever they are.

        :param beginning: the first two characters of their hashes
        """
        for folder in (self.paths.content / beginning, *self.unreferenced_folders()):
            names = (name for name in names_in(folder) if is_sha512(name) and name.startswith(beginning))
            yield from (folder / name for name in names)

    def stored_bytes(self, content: ContentKey) -> int:
        """The bytes that a content takes on the disk, without its holes; 0 when it is not there."""
        path = self.find(content)
        return 0 if path is None else vault_files.stored_bytes(path)


class Shelf:
    """The images of one source.

    :param vault: the vault
    :param name: of the shelf
    """

    def __init__(self, vault: Vault, name: str) -> None:
        self.name = name
        self.vault = vault
        self.paths = ShelfPaths(vault.paths, name)

    def binding(self) -> ShelfBinding | None:
        """What the shelf is bound to; None when it is not there.

        :raises UnreadableDocument: it cannot be read
        """
        path = self.paths.binding
        content = vault_files.read_if_there(path)
        return None if content is None else ShelfBinding.read(content, str(path))

    def check_source(self, source: ShelfSource, advice: str | None = None) -> None:
        """Refuse another source than the one that the shelf is bound to.

        :param advice: what the user can do, None for what helps with a backup
        :raises OtherSource: it is another one
        """
        bound = self.binding()
        if bound is None or bound.source == source:
            return
        was, now = bound.source, source
        pairs = [("Glance", was.glance, now.glance), ("project", was.project, now.project)]
        pairs.append(("region", was.region, now.region))
        differs = ", ".join(f"{what} {one} (now {other})" for what, one, other in pairs if one != other)
        if advice is None:
            may_be_same = not (was.is_files or now.is_files)
            advice = f"use another --shelf{', or --rebind if this is the same cloud' if may_be_same else ''}"
        raise OtherSource(f"shelf {self.name} of {self.vault.folder} is bound to another source: {differs}; {advice}")

    def run_times(self) -> list[datetime]:
        """When the region was listed for each run, the newest first."""
        names = (name for name in names_in(self.paths.runs) if name.endswith(".json"))
        times = (read_file_time(name.removesuffix(".json")) for name in names)
        return sorted((time for time in times if time is not None), reverse=True)

    def run(self, listed: datetime) -> BackupRun:
        """A run.

        :raises UnreadableDocument: it cannot be read
        """
        path = self.paths.run(listed)
        return BackupRun.read(vault_files.read(path), str(path))

    def newest_complete(self, at: datetime | None = None) -> BackupRun | None:
        """The newest complete run, or the newest one that was complete at a time; None when there is none.

        :raises UnreadableDocument: a newer run cannot be read
        """
        times = (time for time in self.run_times() if at is None or time <= at)
        return next((run for run in map(self.run, times) if run.complete), None)

    def record_numbers(self, image_id: str) -> list[int]:
        """The numbers of an image's records, the lowest first; with those of records that are about to be deleted.

        So no number is given twice while anything may refer to it.
        """
        usual = self.paths.record_folder(image_id)
        names = {name for folder in (usual, *self._moved(usual)) for name in names_in(folder)}
        numbers = (record_number(name) for name in names)
        return sorted(number for number in numbers if number is not None)

    def record_path(self, image_id: str, number: int) -> Path | None:
        """The file of a record, wherever it is; None when it is not there."""
        path = self.paths.record(image_id, number)
        places = itertools.chain((path,), self._moved(path), (path,))  # it may be moved back between the looks
        return next((each for each in places if each.exists()), None)

    def _moved(self, path: Path) -> Iterator[Path]:
        """Where a record, or a folder of records, is before it is deleted.

        :param path: where it is usually
        """
        image = path.relative_to(self.paths.records)
        for folder in self.vault.unreferenced_folders():
            yield folder / RECORDS / self.paths.folder.name / image

    def record(self, image_id: str, number: int) -> Record:
        """A record.

        :raises VaultError: it is not there
        :raises UnreadableDocument: it cannot be read
        """
        path = self.record_path(image_id, number)
        if path is None:
            raise VaultError(f"{self.paths.record(image_id, number)} is missing")
        return Record.read(vault_files.read(path), str(path))


def init_vault(folder: Path) -> Vault:
    """Make an empty vault. The mark is written last: until then the folder is no vault.

    :param folder: a folder that is empty or not there
    :raises NoVault: it holds something, or cannot be a vault
    """
    paths = VaultPaths(folder)
    try:
        folder.mkdir(vault_files.FOLDER_MODE, parents=True, exist_ok=True)
        found = min((path.name for path in folder.iterdir()), default=None)
        if found is not None:
            advice = "name a folder that is empty or not there yet"
            raise NoVault(f"{folder} cannot be made a vault: it is not empty, it has {found}; {advice}")
        folder.chmod(vault_files.FOLDER_MODE)
    except OSError as error:
        raise NoVault(f"{folder} cannot be made a vault: {error.strerror}") from error
    mark = VaultMark(str(uuid.uuid4()), datetime.now(timezone.utc))
    part = paths.incoming / f"{mark.id}.json"
    try:
        for each in paths.folders:
            vault_files.make_folder(each)
        vault_files.write_new(part, mark.as_document())
        _link_mark(part, paths)
    except VaultError as error:
        _remove_beginnings(part, paths)
        raise NoVault(f"{folder} cannot be made a vault: {error}") from error
    return Vault(folder)


def _link_mark(part: Path, paths: VaultPaths) -> None:
    """Let the mark of a new vault appear.

    :raises VaultError: the file system has no hard links, or another process has made a vault here meanwhile
    """
    try:
        vault_files.link_new(part, paths.mark)
    except FileExistsError as error:
        raise VaultError("it is one by now") from error
    except VaultError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in NO_HARD_LINKS:
            raise VaultError(f"its file system has no hard links: {error}") from error
        raise


def _remove_beginnings(part: Path, paths: VaultPaths) -> None:
    """Remove what a vault that could not be made has left, unless there is a vault by now."""
    with suppress(VaultError):
        vault_files.remove(part)
    if not paths.mark.exists():
        for folder in reversed(paths.folders):
            with suppress(VaultError):
                vault_files.remove_folder_if_empty(folder)


def size_of(path: Path) -> int | None:
    """The bytes of a file, None when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def names_in(folder: Path) -> Sequence[str]:
    """The names in a folder, sorted; none when there is no such folder.

    :param folder: the folder
    :raises VaultError: the folder cannot be read
    """
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise vault_files.vault_error(error) from error


