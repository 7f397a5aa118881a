"""Where everything is in a vault (vault 1). Pure: names are made of hashes, UUIDs, numbers, times and encoded names."""

from __future__ import annotations

import os
import re
from datetime import date, datetime
from pathlib import Path

from ...base.file_names import file_name, region_name
from ..model import normal_uuid
from .strict_json import is_sha512
from .vault_errors import ShelfNameRefused, VaultError
from .vault_times import file_time

_RECORD = re.compile(r"([1-9][0-9]{0,17})\.json")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

RECORDS = "records"
"""The folder of records, in a shelf and in a folder of ``unreferenced``."""

MAX_NAME_BYTES = 255
"""Bytes that the name of a folder may have."""


class VaultPaths:
    """The files and folders of one vault.

    :param folder: the vault
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "vault.json"
        self.content = folder / "content" / "sha512"
        self.shelves = folder / "shelves"
        self.pins = folder / "pins"
        self.incoming = folder / "incoming"
        self.unreferenced = folder / "unreferenced"
        self.damaged = folder / "damaged"
        self.verified = folder / "verified"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of an empty vault, each after the one above it."""
        above = self.content.parent
        return above, self.content, self.shelves, self.pins, self.incoming, self.unreferenced, self.damaged

    def content_file(self, sha512: str) -> Path:
        """The file of a content."""
        return self.content / _checked(sha512)[:2] / sha512

    def pin_folder(self, run: str) -> Path:
        """The folder of the pins of a run."""
        return self.pins / run

    def pin(self, run: str, sha512: str) -> Path:
        """The file that says that a run needs a content."""
        return self.pins / run / _checked(sha512)

    def incoming_folder(self, host: str, run: str) -> Path:
        """The folder in which a run writes."""
        return self.incoming / f"{file_name(host)}-{run}"

    def unreferenced_folder(self, day: date) -> Path:
        """Where what nothing refers to is before it is deleted.

        :param day: when it was moved there
        """
        return self.unreferenced / day.isoformat()

    def verified_file(self, beginning: str) -> Path:
        """Where it is remembered when contents were verified.

        :param beginning: the first two characters of their hashes
        """
        return self.verified / f"{beginning}.json"

    def damaged_file(self, sha512: str, time: datetime) -> Path:
        """Where wrong bytes go."""
        return self.damaged / f"{_checked(sha512)}.{file_time(time)}"


class ShelfPaths:
    """The files and folders of one shelf.

    :param vault: the vault
    :param name: name of the shelf
    :raises ShelfNameRefused: the name is too long for a folder
    """

    def __init__(self, vault: VaultPaths, name: str) -> None:
        if not is_shelf_name(name):
            raise ShelfNameRefused(f"the name of a shelf has 1 to {MAX_NAME_BYTES} characters: {name!r}")
        self.folder = vault.shelves / file_name(name)
        self.binding = self.folder / "shelf.json"
        self.healing = self.folder / "healing.json"
        self.records = self.folder / RECORDS
        self.runs = self.folder / "runs"

    def record_folder(self, image_id: str) -> Path:
        """The folder of the records of an image."""
        return self.records / normal_uuid(image_id)

    def record(self, image_id: str, number: int) -> Path:
        """The file of a record."""
        return self.record_folder(image_id) / f"{number}.json"

    def run(self, listed: datetime) -> Path:
        """The file of a run."""
        return self.runs / f"{file_time(listed)}.json"


def vault_around(path: str | Path) -> Path | None:
    """The vault that a file or a folder is in, or is; None when it is in none.

    :param path: it may not be there yet
    """
    real = Path(os.path.realpath(path))
    return next((each for each in (real, *real.parents) if os.path.lexists(VaultPaths(each).mark)), None)


def is_shelf_name(name: str) -> bool:
    """Whether a folder can have the name of a shelf."""
    return 0 < len(file_name(name)) <= MAX_NAME_BYTES


def shelf_name(folder: str) -> str:
    """The name of the shelf that has a folder."""
    return region_name(folder)


def record_number(file: str) -> int | None:
    """The number of the record in a file; None when the file is none."""
    found = _RECORD.fullmatch(file)
    return int(found[1]) if found else None


def is_date(folder: str) -> bool:
    """Whether a folder of ``unreferenced`` is one of ours."""
    return removal_date(folder) is not None


def removal_date(folder: str) -> date | None:
    """When what is in a folder of ``unreferenced`` was moved there; None when it is none of ours."""
    if _DATE.fullmatch(folder) is None:
        return None
    try:
        return date.fromisoformat(folder)
    except ValueError:
        return None


def _checked(sha512: str) -> str:
    """A hash as a part of a path: whatever else a document or a service has there must not become one."""
    if not is_sha512(sha512):
        raise VaultError(f"{sha512!r} is no SHA-512")
    return sha512
