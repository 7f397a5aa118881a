"""The tables of an embedded federation, and images as their rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, make_dataclass, replace
from typing import Any

from ...model import NO_PROPERTIES, Image
from .csv_rows import row_number
from .sqlite_file import SCHEMA_VERSION

Wanted = Callable[[str, str, bool], bool]
"""Whether an image matters, by its owner, its visibility and whether it is hidden."""

Text = str | bytes
"""Text in SQLite: bytes if it has lone surrogates, which text of SQLite cannot have; the column ``encoded`` says so."""

_TABLES = (
    "DROP TABLE IF EXISTS images",
    "DROP TABLE IF EXISTS regions",
    "CREATE TABLE regions (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE images (
        region INTEGER NOT NULL, row INTEGER NOT NULL, encoded INTEGER NOT NULL,
        id TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, status TEXT NOT NULL,
        size INTEGER, checksum TEXT, hash_algo TEXT,
        hash_value TEXT, visibility TEXT NOT NULL, properties TEXT, details TEXT,
        PRIMARY KEY (region, row)) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX image_ids ON images (region, id)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_COLUMNS = "encoded, id, name, owner, status, size, checksum, hash_algo, hash_value, visibility, properties, details"
_INSERT = f"INSERT INTO images (region, row, {_COLUMNS}) VALUES (?, ?{', ?' * 12})"  # noqa: S608 (constants)
_REPLACE = _INSERT.replace("INSERT", "INSERT OR REPLACE", 1)
_SELECT = f"SELECT row, {_COLUMNS} FROM images WHERE region = ?"  # noqa: S608

_DETAILS = (
    "hidden",
    "exact_visibility",
    "protected",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "tags",
    "unstated",
)
"""Fields that are stored together, because most images have the same values."""

_Draft: Any = make_dataclass("_Draft", [field.name for field in fields(Image)], slots=True)
"""An image while it is built: the ``__init__`` of a frozen dataclass takes five times as long."""

_PLAIN: tuple[Any, ...] = (False, True, False, None, None, 0, 0, (), frozenset())


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty federation, in the open transaction. Existing tables are dropped."""
    for statement in _TABLES:
        connection.execute(statement)


def region_names(connection: sqlite3.Connection) -> list[str]:
    """Full names of all regions, in any order."""
    return [_text(name) for (name,) in connection.execute("SELECT name FROM regions")]


def region_number(connection: sqlite3.Connection, name: str) -> int | None:
    """The number of a region, None when there is no such region."""
    found = connection.execute("SELECT number FROM regions WHERE name = ?", (_stored(name),)).fetchone()
    return None if found is None else int(found[0])


def add_region(connection: sqlite3.Connection, name: str, images: Iterable[Image]) -> None:
    """Add a region with its images, numbered in the given order (sync 3.0).

    Numbers of the images from a backup of an embedded federation are kept if they are in order.
    """
    cursor = connection.execute("INSERT INTO regions (name) VALUES (?)", (_stored(name),))
    number = cursor.lastrowid
    connection.executemany(_INSERT, ((number, row, *_row(image)) for row, image in _numbered(images)))


def read_images(connection: sqlite3.Connection, number: int, region: str, wanted: Wanted | None = None) -> list[Image]:
    """Read the images of a region, in their order.

    :param number: the region's number
    :param region: its full name
    :param wanted: whether an image matters; None for all images
    """
    rows = connection.execute(f"{_SELECT} ORDER BY row", (number,))
    return _images(rows, region, wanted)


def read_image(connection: sqlite3.Connection, number: int, region: str, image_id: str) -> Image | None:
    """Read one image; None when there is none with that UUID."""
    rows = connection.execute(f"{_SELECT} AND id = ?", (number, _stored(image_id)))
    return next(iter(_images(rows, region, None)), None)


def insert_image(connection: sqlite3.Connection, number: int, image: Image) -> Image:
    """Add an image with the next number; returns it with that number as ``created_at``.

    :raises sqlite3.IntegrityError: there is one with that UUID
    """
    query = "SELECT coalesce(max(row), 0) + 1 FROM images WHERE region = ?"
    row = int(connection.execute(query, (number,)).fetchone()[0])
    connection.execute(_INSERT, (number, row, *_row(image)))
    return replace(image, created_at=row_number(row))


def replace_image(connection: sqlite3.Connection, number: int, image: Image) -> None:
    """Replace an image that :func:`read_image` returned."""
    connection.execute(_REPLACE, (number, int(image.created_at), *_row(image)))


def delete_image(connection: sqlite3.Connection, number: int, image_id: str) -> None:
    """Remove an image."""
    connection.execute("DELETE FROM images WHERE region = ? AND id = ?", (number, _stored(image_id)))


def _numbered(images: Iterable[Image]) -> Iterator[tuple[int, Image]]:
    last = 0
    for image in images:
        brought = image.created_at
        number = int(brought) if len(brought) == 12 and brought.isascii() and brought.isdigit() else 0
        last = number if number > last else last + 1
        yield last, image


def _row(image: Image) -> tuple[object, ...]:
    details = tuple(getattr(image, field) for field in _DETAILS)
    kept = (*details[:-1], sorted(image.unstated))
    properties = image.user_properties
    fields = (
        _stored(image.id),
        _stored(image.name),
        _stored(image.owner),
        _stored(image.status),
        image.size,
        _stored(image.checksum),
        _stored(image.hash_algo),
        _stored(image.hash_value),
        _stored(image.visibility),
        _stored(json.dumps(dict(properties), ensure_ascii=False)) if properties else None,
        _stored(json.dumps(kept, ensure_ascii=False)) if details != _PLAIN else None,
    )
    return (bytes in map(type, fields), *fields)


def _images(rows: Iterable[tuple[Any, ...]], region: str, wanted: Wanted | None) -> list[Image]:
    """Make images from rows of ``_SELECT``. This loop takes most of the time of the embedded federation."""
    known_details: dict[str | None, tuple[Any, ...]] = {None: _PLAIN}
    images: list[Any] = []
    texts: list[str] = []
    for row in rows:
        if row[1]:
            row = tuple(map(_text, row))
        number, _, image_id, name, owner, status, size, checksum, algo, value, visibility, text, more = row
        details = known_details.get(more)
        if details is None:
            details = known_details[more] = _details(json.loads(more))
        hidden, exact, protected, disk_format, container_format, min_disk, min_ram, tags, unstated = details
        if wanted is not None and not wanted(owner, visibility, hidden):
            continue
        texts.append(text or "0")
        image = _Draft(
            image_id,
            name,
            region,
            owner,
            status,
            size,
            checksum,
            algo,
            value,
            f"{number:012d}",
            hidden,
            visibility,
            exact,
            protected,
            disk_format,
            container_format,
            min_disk,
            min_ram,
            tags,
            NO_PROPERTIES,
            unstated,
        )
        images.append(image)
    # One JSON text for all properties is read four times as fast as one for each image.
    for image, properties in zip(images, json.loads(f"[{','.join(texts)}]"), strict=True):
        if properties:
            image.user_properties = properties
        image.__class__ = Image
    return images


def _details(kept: list[Any]) -> tuple[Any, ...]:
    """The fields of ``_DETAILS``; federations of earlier versions do not have the last one."""
    *others, labels, unstated = kept if len(kept) == len(_DETAILS) else (*kept, ())
    return (*others, tuple(labels), frozenset(unstated))


def _stored(text: str | None) -> Text | None:
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _text(value: Any) -> Any:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
