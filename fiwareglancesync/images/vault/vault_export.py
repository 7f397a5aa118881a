"""Writes the images of a run as plain files (vault 2.8)."""

from __future__ import annotations

import os
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...base.content import PIECE_BYTES
from ...base.errors import UsageError
from ...base.file_names import file_name
from . import vault_files
from .incoming_content import SHA512, IncomingContent
from .vault_errors import NewerFormat, VaultError, VaultFailed
from .vault_folder import Shelf
from .vault_listing import newest_run
from .vault_model import KeptImage, Record
from .vault_paths import vault_around

NAME_BYTES = 255
"""Bytes that the name of a file may have."""

SHELF_BYTES = 100
"""Bytes of it that the name of a shelf may have."""

JSON = ".json"
PART = ".part"
NO_FORMAT = "image"

_UNSAFE = re.compile(r"^\.|[/\x00-\x1f\x7f]")


@dataclass(frozen=True)
class ExportedImage:
    """An image that is written as a file.

    :param stem: name of the file, without what says the format
    """

    shelf: Shelf
    image: KeptImage
    record: Record
    stem: str

    @property
    def disk_format(self) -> str:
        """Glance's format, which is how the name of the file ends."""
        stated = self.record.state.document.get("disk_format")
        return stated if isinstance(stated, str) and re.fullmatch("[a-z0-9]{1,20}", stated) else NO_FORMAT

    @property
    def file(self) -> str:
        """The name of the file with the bytes."""
        return f"{self.stem}.{self.disk_format}"


@dataclass(frozen=True)
class ExportListeners:
    """Take what happens.

    :param begin: takes the number of bytes that will be written at most
    :param progress: takes the number of bytes that were written since the last call; may raise to end the export
    :param done: takes each image that is written
    :param fail: takes a sentence about each image that is not
    """

    begin: Callable[[int], None]
    progress: Callable[[int], None]
    done: Callable[[ExportedImage], None]
    fail: Callable[[str], None]


def export(shelves: Sequence[Shelf], folder: Path, listeners: ExportListeners) -> bool:
    """Write the images of the newest complete run of shelves. No file that is there is touched.

    :param folder: is made if it is missing
    :return: whether all were written
    :raises UsageError: the folder cannot be made, or is in a vault
    :raises NewerFormat: a newer program wrote a run or a record
    :raises VaultFailed: a disk is full or gone
    """
    failures: list[str] = []

    def fail(text: str) -> None:
        failures.append(text)
        listeners.fail(text)

    _check_outside(folder)
    images = _named(list(_chosen(shelves, fail)))
    listeners.begin(sum(each.image.content.size for each in images if each.image.content is not None))
    try:
        folder.mkdir(vault_files.FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
    for each in images:
        try:
            _write(each, folder, listeners.progress)
        except VaultFailed:
            raise
        except VaultError as error:
            fail(_not_written(each.shelf, each.image, error))
        else:
            listeners.done(each)
    return not failures


def _not_written(shelf: Shelf, image: KeptImage, error: VaultError) -> str:
    return f"shelf {shelf.name}: image {image.name or image.id} is not written: {error}"


def _check_outside(folder: Path) -> None:
    """Refuse a folder in a vault: what the program does not know there would stay for ever.

    :raises UsageError: it is in one
    """
    vault = vault_around(folder)
    if vault is not None:
        raise UsageError(f"{folder} is in the vault {vault}; name a folder outside of it")


_Found = tuple[Shelf, KeptImage, Record]


def _chosen(shelves: Sequence[Shelf], fail: Callable[[str], None]) -> Iterator[_Found]:
    """The images of the newest complete runs that can be read.

    :param fail: takes a sentence about each shelf and each image that cannot be read
    """
    for shelf in shelves:
        try:
            images = newest_run(shelf).images
        except (NewerFormat, VaultFailed):
            raise
        except VaultError as error:
            fail(str(error))
            continue
        for image in images:
            try:
                yield shelf, image, shelf.record(image.id, image.record)
            except (NewerFormat, VaultFailed):
                raise
            except VaultError as error:
                fail(_not_written(shelf, image, error))


def _named(images: Sequence[_Found]) -> list[ExportedImage]:
    """The images with the names of their files.

    Namesakes get their UUID; images of one UUID, which several shelves have after a restore, their shelf besides.
    """
    stems = Counter(stem_of(image.name or image.id) for _, image, _ in images)
    uuids = Counter((stem_of(image.name or image.id), image.id) for _, image, _ in images)

    def stem(shelf: Shelf, image: KeptImage) -> str:
        usual = stem_of(image.name or image.id)
        if stems[usual] == 1:
            return usual
        if uuids[usual, image.id] == 1:
            return stem_of(image.name, image.id)
        return stem_of(image.name, f"{image.id}-{file_name(shelf.name)[:SHELF_BYTES]}")

    return [ExportedImage(shelf, image, record, stem(shelf, image)) for shelf, image, record in images]


def stem_of(name: str, suffix: str = "") -> str:
    """The name of a file for the name of an image, without its end.

    :param name: of the image; what no file name can have is written as %XX
    :param suffix: what makes it different from those of other images of this name
    """
    safe = _UNSAFE.sub(lambda match: f"%{ord(match.group()):02X}", name)
    end = f"-{suffix}" if suffix else ""
    room = NAME_BYTES - len(end) - len(f".{'x' * 20}{JSON}") - len(f".{PART}")
    return safe.encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore") + end


def _write(exported: ExportedImage, folder: Path, progress: Callable[[int], None]) -> None:
    """Write an image and its document; first the bytes, so that a document always has them."""
    content = exported.image.content
    document = folder / f"{exported.file}{JSON}"
    for path in (document, folder / exported.file):
        if os.path.lexists(path):
            raise VaultError(f"{path} is there already")
    if content is not None:
        source = exported.shelf.vault.find(content)
        if source is None:
            raise VaultError(f"its content {content.sha512} is missing")
        part = folder / f".{uuid.uuid4().hex}{PART}"  # another export may write the same image at this moment
        try:
            with (
                IncomingContent(part, content.size, {SHA512: content.sha512}) as incoming,
                source.open("rb") as file,
            ):
                if not incoming.clone(file.fileno()):
                    incoming.write(_pieces(file.fileno(), progress))
                incoming.finish()
                vault_files.publish(part, folder / exported.file)
        except FileExistsError as error:
            raise VaultError(f"{folder / exported.file} is there already") from error
        except OSError as error:
            raise VaultError(f"{source}: {error.strerror}") from error
    try:
        vault_files.write_new(document, exported.record.as_document(exported.image.record))
    except FileExistsError as error:
        raise VaultError(f"{document} is there already") from error


def _pieces(descriptor: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    for piece in iter(partial(os.read, descriptor, PIECE_BYTES), b""):
        progress(len(piece))
        yield piece
