"""What the runs and records of a vault refer to, as far as they can be read (vault 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from ..model import normal_uuid
from . import vault_files
from .prune_inventory import subfolders
from .vault_errors import NewerFormat, VaultError
from .vault_folder import Shelf, Vault
from .vault_model import BackupRun, ContentKey, Record

Complain = Callable[[str], None]
"""Takes a sentence about a document that is missing or cannot be read."""


@dataclass
class References:
    """What a vault refers to.

    :param contents: the contents that runs and records need
    :param formats: Glance's formats of each content, by SHA-512, of those that are asked for
    """

    contents: set[ContentKey] = field(default_factory=set)
    formats: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Need:
    """An image that needs a content.

    :param id: UUID of the image
    :param runs: how many runs of the shelf have it so
    """

    shelf: str
    id: str
    name: str
    runs: int


def read_references(vault: Vault, complain: Complain, formats: Collection[str] = ()) -> References:
    """What all runs and records refer to.

    :param complain: takes what is missing or cannot be read
    :param formats: the formats of images that are asked for
    :raises NewerFormat: a newer program wrote a document
    """
    found = References()
    for shelf in map(vault.shelf, vault.shelf_names()):
        numbers: set[tuple[str, int]] = set()
        for run in _runs(shelf, complain):
            found.contents.update(image.content for image in run.images if image.content is not None)
            numbers.update((normal_uuid(image.id), image.record) for image in run.images)
        for image in subfolders(shelf.paths.records):
            numbers.update((image.name, number) for number in shelf.record_numbers(image.name))
        for uuid, number in sorted(numbers):
            _add_record(found, shelf, uuid, number, complain, formats)
    return found


def needs(vault: Vault, hashes: Collection[str]) -> dict[str, list[Need]]:
    """The images that need contents, by SHA-512.

    :param hashes: of the contents
    """
    found: dict[str, list[Need]] = {sha512: [] for sha512 in hashes}
    for shelf in map(vault.shelf, vault.shelf_names()):
        counts: dict[tuple[str, str, str], int] = {}
        for run in _runs(shelf, lambda text: None):
            for image in run.images:
                if image.content is not None and image.content.sha512 in found:
                    key = image.content.sha512, image.id, image.name
                    counts[key] = counts.get(key, 0) + 1
        for (sha512, uuid, name), count in sorted(counts.items()):
            found[sha512].append(Need(shelf.name, uuid, name, count))
    return found


def _runs(shelf: Shelf, complain: Complain) -> Iterator[BackupRun]:
    for listed in shelf.run_times():
        path = shelf.paths.run(listed)
        try:
            content = vault_files.read_if_there(path)
            if content is not None:  # else it has been dropped meanwhile
                yield BackupRun.read(content, str(path))
        except NewerFormat:
            raise
        except VaultError as error:
            complain(str(error))


def _add_record(
    found: References, shelf: Shelf, uuid: str, number: int, complain: Complain, formats: Collection[str]
) -> None:
    try:
        record: Record = shelf.record(uuid, number)
    except NewerFormat:
        raise
    except VaultError as error:
        complain(str(error))
        return
    if record.content is not None:
        found.contents.add(record.content)
        stated = record.state.document.get("disk_format")
        if stated in formats:
            found.formats.setdefault(record.content.sha512, set()).add(str(stated))
