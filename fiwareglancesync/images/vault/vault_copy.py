"""Copies shelves into another vault: content, then records, then runs (vault 2.7)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ...base.content import PIECE_BYTES
from .vault_errors import NewerFormat, VaultError, VaultFailed
from .vault_folder import Shelf, Vault
from .vault_model import BackupRun, ContentKey, KeptImage, Record
from .vault_writer import VaultWriter

ADVICE = "copy into another vault, or the other shelves with --shelf"


@dataclass
class CopyResult:
    """What came of a copy.

    :param runs: number of runs that were copied
    :param present: number of runs that the other vault had already
    :param contents: number of contents that were copied
    :param bytes: of these contents
    :param failures: number of runs that could not be copied
    """

    runs: int = 0
    present: int = 0
    contents: int = 0
    bytes: int = 0
    failures: int = 0


@dataclass(frozen=True)
class CopyListeners:
    """Take what happens.

    :param begin: takes the number of bytes that are copied at most
    :param progress: takes the number of bytes that were copied since the last call; may raise to end the copy
    :param fail: takes a sentence about each run that is not copied
    """

    begin: Callable[[int], None]
    progress: Callable[[int], None]
    fail: Callable[[str], None]


def copy_shelves(shelves: list[Shelf], to: Vault, listeners: CopyListeners) -> CopyResult:
    """Copy all runs of shelves that another vault does not have, the oldest first.

    :param shelves: of one vault
    :param to: the other vault
    :raises OtherSource: a shelf of this name has another source there
    :raises VaultError: a shelf cannot be read
    :raises NewerFormat: a newer program wrote a run
    :raises VaultFailed: nothing more can be written
    """
    for shelf in shelves:
        source = shelf.binding()
        if source is None:
            raise VaultError(
                f"shelf {shelf.name} of {shelf.vault.folder} is not bound to a source: it has no shelf.json"
            )
        to.shelf(shelf.name).check_source(source.source, ADVICE)
    with VaultWriter(to) as writer:
        return _Copy(writer, listeners).run(shelves)


class _Copy:
    """One copy.

    :param writer: writes into the other vault
    """

    def __init__(self, writer: VaultWriter, listeners: CopyListeners) -> None:
        self._writer = writer
        self._listeners = listeners
        self._done = CopyResult()
        self._numbers: dict[tuple[str, str, int], int] = {}

    def run(self, shelves: list[Shelf]) -> CopyResult:
        """Copy the shelves."""
        missing = {
            image.content
            for shelf in shelves
            for run in self._runs(shelf, lambda text: None)
            for image in run.images
            if image.content is not None and self._writer.vault.find(image.content) is None
        }
        self._listeners.begin(sum(content.size for content in missing))
        for shelf in shelves:
            binding = shelf.binding()
            if binding is not None:
                self._writer.bind(self._there(shelf), binding.source)
            for run in self._runs(shelf, self._fail):
                self._copy_run(shelf, run)
        return self._done

    def _there(self, shelf: Shelf) -> Shelf:
        return self._writer.vault.shelf(shelf.name)

    def _runs(self, shelf: Shelf, fail: Callable[[str], None]) -> Iterator[BackupRun]:
        """The runs of a shelf that can be read, the oldest first."""
        for listed in reversed(shelf.run_times()):
            try:
                yield shelf.run(listed)
            except (NewerFormat, VaultFailed):
                raise
            except VaultError as error:
                fail(_not_copied(shelf, listed, error))

    def _fail(self, text: str) -> None:
        self._done.failures += 1
        self._listeners.fail(text)

    def _copy_run(self, shelf: Shelf, run: BackupRun) -> None:
        there = self._there(shelf)
        if any(_is_same(run, there.run(listed)) for listed in there.run_times() if _is_near(listed, run.listed)):
            self._done.present += 1
            return
        try:
            images = tuple(self._copy_image(shelf, there, image) for image in run.images)
            if not all(self._is_there(there, image) for image in images):
                raise VaultError("what was copied is gone again; call it once more")
        except VaultFailed:
            raise
        except VaultError as error:
            self._fail(_not_copied(shelf, run.listed, error))
            return
        self._writer.add_run(there, replace(run, images=images))
        self._done.runs += 1

    def _copy_image(self, shelf: Shelf, there: Shelf, image: KeptImage) -> KeptImage:
        """Copy an image: its content, then its record, which may get another number."""
        key = shelf.name, image.id, image.record
        number = self._numbers.get(key)
        if number is None or not self._writer.hold_record(there, image.id, number):
            record = shelf.record(image.id, image.record)
            if record.content is not None:
                self._copy_content(shelf.vault, record.content)
            number = self._number_of(there, record)
            if number is None or not self._writer.hold_record(there, image.id, number):
                number = self._writer.add_record(there, record)
            self._numbers[key] = number
        return replace(image, record=number)

    def _number_of(self, there: Shelf, record: Record) -> int | None:
        """The number of an equal record in the other vault."""
        numbers = reversed(there.record_numbers(record.state.id))
        return next((number for number in numbers if there.record(record.state.id, number) == record), None)

    def _copy_content(self, vault: Vault, content: ContentKey) -> None:
        self._writer.pin((content.sha512,))
        if self._writer.hold(content):
            return
        path = vault.find(content)
        if path is None:
            raise VaultError(f"the content {content.sha512} is not in {vault.folder}")
        self._writer.check_room(content.size)
        try:
            with self._writer.incoming(content.size, {"sha512": content.sha512}) as incoming, path.open("rb") as file:
                if incoming.clone(file.fileno()):
                    self._listeners.progress(content.size)
                else:
                    incoming.write(self._pieces(file.fileno()))
                self._writer.keep(incoming)
        except OSError as error:
            raise VaultError(f"{path} cannot be read: {error.strerror}") from error
        self._done.contents += 1
        self._done.bytes += content.size

    def _pieces(self, descriptor: int) -> Iterator[bytes]:
        for piece in iter(partial(os.read, descriptor, PIECE_BYTES), b""):
            self._listeners.progress(len(piece))
            yield piece

    def _is_there(self, there: Shelf, image: KeptImage) -> bool:
        if image.content is not None and not self._writer.hold(image.content):
            return False
        return self._writer.hold_record(there, image.id, image.record)


def _not_copied(shelf: Shelf, listed: datetime, error: VaultError) -> str:
    return f"shelf {shelf.name}: the run of {listed:%Y-%m-%dT%H:%M:%SZ} is not copied: {error}"


def _is_near(listed: datetime, time: datetime) -> bool:
    """Whether a run may be a copy of one of a certain time: where that was taken, it got one shortly after."""
    return timedelta(0) <= listed - time < timedelta(milliseconds=1)


def _is_same(run: BackupRun, other: BackupRun) -> bool:
    """Whether two runs say the same; the numbers of records differ between vaults."""
    images, others = ([replace(image, record=0) for image in each.images] for each in (run, other))
    return images == others and replace(run, images=(), listed=other.listed) == replace(other, images=())
