"""Writes into a vault, in the order that keeps it whole: pin, content, record, run, unpin (vault 1.2)."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from ...base.machine import this_machine
from ...base.units import MIB, mib
from . import vault_files
from .incoming_content import IncomingContent
from .strict_json import document
from .vault_errors import VaultError, VaultFailed
from .vault_folder import Shelf, Vault, size_of
from .vault_model import BackupRun, ContentKey, Record, ShelfBinding, ShelfSource
from .vault_times import time_text

WRITER = "writer.json"
"""The file in a folder of ``incoming`` that says who writes there."""

SPARE = 0.1
"""The part of an image's size that has to be free besides."""


def now() -> datetime:
    """The present time."""
    return datetime.now(timezone.utc)


class VaultWriter:
    """One run that writes into a vault; a context manager that removes its pins and what it has not finished.

    :param vault: the vault
    """

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.run = uuid.uuid4().hex
        self.host = socket.gethostname()
        self._paths = vault.paths
        self._folder = vault.paths.incoming_folder(self.host, self.run)

    def __enter__(self) -> VaultWriter:
        who = {"machine": this_machine(), "process": os.getpid(), "started": time_text(now())}
        try:
            vault_files.make_folder(self._folder)
            vault_files.write_new(self._folder / WRITER, document("writer", who))
            vault_files.make_folder(self._paths.pin_folder(self.run))
        except BaseException:
            with suppress(VaultError):  # the first error is raised
                self._remove()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self._remove()

    def _remove(self) -> None:
        # The pins go first: a folder of pins without the one below "incoming" never stays behind.
        vault_files.remove_folder(self._paths.pin_folder(self.run))
        vault_files.remove_folder(self._folder)

    def pin(self, hashes: Collection[str]) -> None:
        """Say that this run needs contents, before they are looked for; pins that are there already cost nothing.

        :param hashes: their SHA-512
        """
        like = self._folder / WRITER
        made = [vault_files.mark(self._paths.pin(self.run, sha512), like) for sha512 in hashes]
        if any(made):
            vault_files.sync_folder(self._paths.pin_folder(self.run))

    def hold(self, content: ContentKey) -> bool:
        """Whether the vault has a content that is pinned; what is about to be deleted is moved back first.

        A deletion that has begun before the pin was there cannot find the content any more.
        """
        usual = self._paths.content_file(content.sha512)
        if size_of(usual) == content.size:
            return True
        for folder in self.vault.unreferenced_folders():
            path = folder / content.sha512
            if size_of(path) == content.size:
                vault_files.make_folder(usual.parent)
                if vault_files.rename_if_there(path, usual):
                    return True
        # Another run may have moved it back between these two looks.
        return size_of(usual) == content.size

    def has_room(self, size: int) -> bool:
        """Whether so many bytes fit, with something to spare."""
        return int(size * (1 + SPARE)) <= vault_files.free_bytes(self.vault.folder)

    def check_room(self, size: int) -> None:
        """Refuse what does not fit, with something to spare.

        :param size: bytes
        :raises VaultError: there is not enough room
        """
        if not self.has_room(size):
            free = vault_files.free_bytes(self.vault.folder)
            what = f"{mib(size)} MB and 10 % to spare"
            raise VaultError(f"there is no room in {self.vault.folder}: {what} are needed, {free // MIB} MB are free")

    @contextmanager
    def incoming(self, size: int, stated: Mapping[str, str]) -> Iterator[IncomingContent]:
        """Open a new file for a content; call :meth:`keep` with it.

        :param size: bytes that the content has to have
        :param stated: the hashes that it has to have, by algorithm
        """
        with IncomingContent(self._part(), size, stated) as content:
            yield content

    def keep(self, incoming: IncomingContent) -> ContentKey:
        """Let a complete content appear in the vault.

        :raises WrongContent: it is not what was stated
        """
        content = incoming.finish()
        self.pin((content.sha512,))
        if not self.hold(content):
            path = self._paths.content_file(content.sha512)
            vault_files.make_folder(path.parent)
            if size_of(path) not in (None, content.size):
                # A copy of the name, as another run may be putting the right content there at this moment.
                vault_files.link_if_there(path, self._paths.damaged_file(content.sha512, now()))
            vault_files.rename(incoming.path, path)
        return content

    def bind(self, shelf: Shelf, source: ShelfSource, *, rebind: bool = False) -> None:
        """Make a shelf if it is missing, and bind it to its source.

        :param rebind: whether a shelf of another source is bound anew
        :raises OtherSource: the shelf is bound to another source
        """
        paths = shelf.paths
        for folder in (paths.folder, paths.records, paths.runs):
            vault_files.make_folder(folder)
        content = ShelfBinding(shelf.name, source, now()).as_document()
        bound = shelf.binding()
        if bound is None:
            self._write(content, lambda part: vault_files.link_new(part, paths.binding), exists_ok=True)
        elif rebind and bound.source != source:
            self._write(content, lambda part: vault_files.rename(part, paths.binding))
        shelf.check_source(source)
        self.name_shelf(shelf)

    def name_shelf(self, shelf: Shelf) -> None:
        """Add a shelf to the mark of the vault, unless it is there."""
        mark = self._mark()
        if shelf.name not in mark:
            changed = replace(self.vault.mark(), shelves=tuple(sorted({*mark, shelf.name})))
            self._write(changed.as_document(), lambda part: vault_files.rename(part, self._paths.mark))

    def add_record(self, shelf: Shelf, record: Record) -> int:
        """Add a record whose content is there, under the next free number.

        :return: the number
        :raises VaultError: its content is not there
        """
        if record.content is not None and not self.hold(record.content):
            raise VaultError(f"the content {record.content.sha512} of the image {record.state.id} is not there")
        vault_files.make_folder(shelf.paths.record_folder(record.state.id))
        number = max(shelf.record_numbers(record.state.id), default=0)
        while True:
            number += 1
            path = shelf.paths.record(record.state.id, number)
            try:
                self._write(record.as_document(number), partial(vault_files.link_new, path=path))
            except FileExistsError:
                continue
            return number

    def hold_record(self, shelf: Shelf, image_id: str, number: int) -> bool:
        """Whether a shelf has a record; one that is about to be deleted is moved back first."""
        usual = shelf.paths.record(image_id, number)
        if usual.exists():
            return True
        moved = shelf.record_path(image_id, number)
        if moved is None:
            return False
        vault_files.make_folder(usual.parent)
        return vault_files.rename_if_there(moved, usual) or usual.exists()

    def add_run(self, shelf: Shelf, run: BackupRun) -> BackupRun:
        """Add a run; the caller has looked at its records and contents again.

        :return: the run with the time under which it is kept: two of one shelf never have the same
        """
        self.name_shelf(shelf)
        while True:
            path = shelf.paths.run(run.listed)
            try:
                self._write(run.as_document(), partial(vault_files.link_new, path=path))
            except FileExistsError:
                run = replace(run, listed=run.listed + timedelta(microseconds=1))
                continue
            return run

    def replace_document(self, path: Path, content: bytes) -> None:
        """Write a document in place of the one that is there, which may be lost without harm."""
        self._write(content, lambda part: vault_files.rename(part, path))

    def _write(self, content: bytes, publish: Callable[[Path], None], *, exists_ok: bool = False) -> None:
        """Write a document, and let it appear.

        :param publish: takes the finished file
        :param exists_ok: whether another writer may have been first
        :raises FileExistsError: another writer was first
        """
        self._mark()
        part = self._part()
        vault_files.write_new(part, content)
        try:
            publish(part)
        except FileExistsError:
            vault_files.remove(part)
            if not exists_ok:
                raise

    def _mark(self) -> tuple[str, ...]:
        """The shelves that the mark has.

        :raises VaultFailed: another vault, or none, is in the folder by now
        """
        try:
            mark = self.vault.mark()
        except VaultError as error:
            raise VaultFailed(str(error)) from error
        if mark.id != self.vault.id:
            raise VaultFailed(f"{self.vault.folder} is another vault by now")
        return mark.shelves

    def _part(self) -> Path:
        return self._folder / uuid.uuid4().hex
