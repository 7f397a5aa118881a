"""Takes plain image files into a shelf (vault 2.9)."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from ...base.content import PIECE_BYTES
from ...base.errors import UsageError
from ...base.version import __version__
from .image_inspection import format_of, name_and_end
from .incoming_content import SHA512
from .vault_errors import VaultError, VaultFailed
from .vault_export import JSON
from .vault_folder import Shelf
from .vault_model import FILES, BackupRun, ContentKey, FailedImage, ImageState, KeptImage, Record, ShelfSource
from .vault_writer import VaultWriter

MAX_DOCUMENT_BYTES = 2**20
"""A larger file is taken for an image, whatever its name says."""

LOST = "its content or its record is not in the vault any more; adopt its file again"


@dataclass(frozen=True)
class AdoptListeners:
    """Take what happens.

    :param begin: takes the number of bytes that will be read
    :param progress: takes the number of bytes that were read since the last call; may raise to end it
    :param done: takes a sentence about each file that is kept
    :param fail: takes a sentence about each file that is not
    """

    begin: Callable[[int], None]
    progress: Callable[[int], None]
    done: Callable[[str], None]
    fail: Callable[[str], None]


@dataclass(frozen=True)
class ImageFile:
    """A file that is taken.

    :param name: of the image
    """

    path: Path
    name: str
    disk_format: str


def source_of_files(shelf: str) -> ShelfSource:
    """What a shelf of plain files is bound to."""
    return ShelfSource(shelf, FILES, FILES)


def adopt(
    folder: Path, shelf: Shelf, disk_format: str | None, listeners: AdoptListeners, now: Callable[[], datetime]
) -> bool:
    """Add the image files of a folder to a shelf, in a new run that has the images of the newest run as well.

    What is no image does not make the run incomplete.

    :param folder: its files are taken, those of folders in it are not
    :param disk_format: of all files, None for what the content of each shows
    :param now: returns the present time
    :return: whether all were taken
    :raises OtherSource: the shelf is that of a region
    :raises UsageError: the folder cannot be read
    :raises VaultError: it has no image file, or no run could be written
    """
    shelf.check_source(source_of_files(shelf.name))
    failures: list[FailedImage] = []

    refused: list[Path] = []

    def refuse(path: Path, error: VaultError) -> None:
        refused.append(path)
        listeners.fail(f"{path} is not taken: {error}")

    files = list(_image_files(folder, disk_format, refuse))
    if not files:
        raise VaultError(f"{folder} has no image file that can be taken")
    listeners.begin(sum(file.path.stat().st_size for file in files))
    listed = now()
    with VaultWriter(shelf.vault) as writer:
        writer.bind(shelf, source_of_files(shelf.name))
        kept = _former(shelf)
        by_name = {image.name: image for image in kept.values()}
        for file in files:
            try:
                image = _take(file, shelf, writer, by_name.get(file.name), listeners.progress, now)
            except VaultFailed:
                raise
            except VaultError as error:
                refuse(file.path, error)
                failures.append(FailedImage("", file.name, str(error)))
                continue
            kept[image.id] = image
            listeners.done(f"{file.path} is kept as {image.name} ({file.disk_format}, UUID {image.id})")
        for image in _lost(shelf, writer, kept):
            del kept[image.id]
            failures.append(FailedImage(image.id, image.name, LOST))
            listeners.fail(f"image {image.name}: {LOST}")
        run = BackupRun(
            writer.run, listed, now(), writer.host, __version__, shelf.name, not failures, tuple(kept.values()),
            tuple(failures),
        )  # fmt: skip
        writer.add_run(shelf, run)
    return not refused and not failures


def _image_files(
    folder: Path, disk_format: str | None, fail: Callable[[Path, VaultError], None]
) -> Iterator[ImageFile]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from error
    taken: dict[str, Path] = {}
    for path in paths:
        if path.name.startswith(".") or not stat.S_ISREG(path.lstat().st_mode) or _is_document(path):
            continue
        name, end = name_and_end(path.name)
        try:
            if name in taken:
                raise VaultError(f"{taken[name].name} gives the same name {name}")
            yield ImageFile(path, name, format_of(path, end, disk_format))
        except VaultError as error:
            fail(path, error)
        else:
            taken[name] = path


def _is_document(path: Path) -> bool:
    """Whether a file is the document that an export has written beside an image."""
    if path.suffix != JSON:
        return False
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            return False
        Record.read(path.read_bytes(), str(path))
    except (OSError, VaultError):
        return False
    return True


def _former(shelf: Shelf) -> dict[str, KeptImage]:
    times = shelf.run_times()
    return {image.id: image for image in shelf.run(times[0]).images} if times else {}


def _take(
    file: ImageFile,
    shelf: Shelf,
    writer: VaultWriter,
    former: KeptImage | None,
    progress: Callable[[int], None],
    now: Callable[[], datetime],
) -> KeptImage:
    """Keep one file; the image of this name keeps its UUID, and its record if nothing has changed."""
    content = _keep_content(file.path, writer, progress)
    if former is not None and former.content == content:
        record = shelf.record(former.id, former.record)
        if record.state.document.get("disk_format") == file.disk_format:
            return former
    image_id = str(uuid.uuid4()) if former is None else former.id
    state = ImageState(image_id, _document(image_id, file, content, now()))
    return KeptImage(image_id, file.name, writer.add_record(shelf, Record(state, now(), content)), content)


def _keep_content(path: Path, writer: VaultWriter, progress: Callable[[int], None]) -> ContentKey:
    try:
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            writer.check_room(size)
            with writer.incoming(size, {}) as incoming:
                if incoming.clone(source.fileno()):
                    progress(size)
                else:
                    incoming.write(_pieces(source.fileno(), progress))
                return writer.keep(incoming)
    except OSError as error:
        raise VaultError(f"{path} cannot be read: {error.strerror}") from error


def _pieces(descriptor: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    for piece in iter(partial(os.read, descriptor, PIECE_BYTES), b""):
        progress(len(piece))
        yield piece


def _document(image_id: str, file: ImageFile, content: ContentKey, time: datetime) -> dict[str, object]:
    """What a Glance would say of the image."""
    moment = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": image_id,
        "name": file.name,
        "status": "active",
        "visibility": "private",
        "disk_format": file.disk_format,
        "container_format": file.disk_format if file.disk_format in ("ami", "aki", "ari") else "bare",
        "size": content.size,
        "os_hash_algo": SHA512,
        "os_hash_value": content.sha512,
        "min_disk": 0,
        "min_ram": 0,
        "protected": False,
        "os_hidden": False,
        "owner": FILES,
        "tags": [],
        "created_at": moment,
        "updated_at": moment,
    }


def _lost(shelf: Shelf, writer: VaultWriter, kept: dict[str, KeptImage]) -> list[KeptImage]:
    """The images whose record or content has vanished, which is looked at before the run is written (vault 1.2)."""
    contents = {image.id: image.content for image in kept.values() if image.content is not None}
    writer.pin({content.sha512 for content in contents.values()})
    return [
        image
        for image in kept.values()
        if not (image.id not in contents or writer.hold(contents[image.id]))
        or not writer.hold_record(shelf, image.id, image.record)
    ]
