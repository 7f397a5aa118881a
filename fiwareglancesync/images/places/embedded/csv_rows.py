"""Images as rows of a CSV file with the fields ``COLUMNS`` (sync 4).

A file of this module, read and written again, has the same bytes. Files of other programs are read leniently.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ....base.errors import ConfigError
from ...model import NO_PROPERTIES, SYNC_FIELDS, Image

COLUMNS = ("region", "name", "UUID", "status", "size", "checksum", "owner", "is public", "properties")

UNSTATED = frozenset(SYNC_FIELDS)
"""The fields of an image that have no column."""

MAX_PROPERTIES_TEXT = 16 * 2**20
"""Characters of the longest dictionary that is read: 128 properties of 64 KiB with each character escaped."""

_QUOTED = re.compile('[",\r\n]')
_WHOLE_NUMBER = re.compile(r"[0-9]{1,19}")
_MAX_SIZE = 2**63 - 1
_ABSENT = ("", "None")


class BadRow(ValueError):
    """A row cannot be read; the text names what was found and what is expected."""


def format_row(image: Image) -> str:
    """Write one image as a CSV row (RFC 4180).

    :param image: any image; fields without a column are left out
    :return: the row with its CRLF
    """
    fields = (
        image.region,
        image.name,
        image.id,
        image.status,
        "" if image.size is None else str(image.size),
        image.checksum or "",
        image.owner,
        str(image.is_public),
        repr(dict(image.user_properties)),
    )
    return ",".join(map(_quote, fields)) + "\r\n"


def format_rows(images: Iterable[Image]) -> Iterator[str]:
    """Write images as CSV rows, in the given order."""
    return map(format_row, images)


def parse_rows(text: str, region: str, file: str) -> Iterator[Image]:
    """Read the rows of a CSV file.

    :param text: the file's content
    :param region: full name of the region, from the name of the file (sync 4)
    :param file: name of the file, for messages
    :return: the images in the file's order, ``created_at`` being the number of the row
    :raises ConfigError: a row cannot be read; the text is ``file:line: what, expected what``
    """
    known: dict[str, int] = {}
    for line, fields in _records(text, file):
        try:
            image = _image(fields, region, row_number(len(known) + 1))
            check_unique(image, line, known)
        except BadRow as problem:
            raise ConfigError(f"{file}:{line}: {problem}") from None
        yield image


def check_unique(image: Image, line: int, known: dict[str, int]) -> None:
    """Check that the UUID of an image occurs once in a file.

    :param image: the image
    :param line: its line
    :param known: UUID → line of the images before; this one is added
    :raises BadRow: there is one with that UUID before
    """
    before = known.setdefault(image.id, line)
    if before != line:
        raise BadRow(f"the UUID {_shown(image.id)} stands in line {before} too, expected it once")


def row_number(number: int) -> str:
    """The ``created_at`` of a row: text that sorts like the number (sync 3.0)."""
    return f"{number:012d}"


def parse_properties(text: str) -> Mapping[str, str]:
    """Read a dictionary of properties; nothing in it is evaluated.

    :param text: a Python dict literal, with or without ``u''`` prefixes, or a JSON object
    :return: the properties; one without value (``None``, ``null``) is left out
    :raises BadRow: it is neither, or a value is neither text nor a whole number
    """
    stripped = text.strip()
    if stripped in ("{}", ""):
        return NO_PROPERTIES
    if len(stripped) > MAX_PROPERTIES_TEXT:
        length = len(stripped)
        raise BadRow(f"the properties have {length} characters, expected at most {MAX_PROPERTIES_TEXT}")
    # A Python dictionary with text always has a '. JSON seldom has one, and its escapes are different.
    readers = (_literal, _json) if "'" in stripped else (_json, _literal)
    for reader in readers:
        found = reader(stripped)
        if isinstance(found, dict):
            return {_key(k): _value(k, v) for k, v in found.items() if v is not None}
    raise BadRow(f"the properties are {_shown(text)}, expected a dictionary such as {{'nid': '12'}}")


def _literal(text: str) -> object:
    if '"' not in text and "\\" not in text:
        # Such a literal differs from JSON only in its quotes, and JSON is read ten times as fast.
        found = _json(text.replace("'", '"'))
        if found is not None:
            return found
    try:
        if "\\" not in text:
            return ast.literal_eval(text)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an escape that Python does not know: perhaps JSON's \/
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, Warning):
        return None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise BadRow(f"the name of a property is {_shown(key)}, expected text")


def _value(key: object, value: object) -> str:
    if isinstance(value, (str, int)):
        try:
            return str(value)
        except ValueError:  # more digits than Python converts
            pass
    raise BadRow(f"the property {_shown(key)} is {_shown(value)}, expected text or a whole number")


def _image(fields: list[str], region: str, created_at: str) -> Image:
    if len(fields) != len(COLUMNS):
        raise BadRow(f"{len(fields)} fields, expected {len(COLUMNS)}: {', '.join(COLUMNS)}")
    _, name, image_id, status, size, checksum, owner, public, properties = fields
    for column, text in (("UUID", image_id), ("status", status)):
        if not text:
            raise BadRow(f"the {column} is empty, expected one")
    return Image(
        id=image_id,
        name=name,
        region=region,
        owner=owner,
        status=status,
        size=_size(size),
        checksum=None if checksum in _ABSENT else checksum,
        created_at=created_at,
        visibility="public" if _is_public(public) else "private",
        exact_visibility=False,
        user_properties=parse_properties(properties),
        unstated=UNSTATED,
    )


def _size(text: str) -> int | None:
    stripped = text.strip()
    if stripped in _ABSENT:
        return None
    if not _WHOLE_NUMBER.fullmatch(stripped) or int(stripped) > _MAX_SIZE:
        raise BadRow(f"the size is {_shown(text)}, expected a whole number of bytes or nothing")
    return int(stripped)


def _is_public(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise BadRow(f"is public is {_shown(text)}, expected True or False")
    return word == "true"


def _quote(field: str) -> str:
    if _QUOTED.search(field):
        return '"' + field.replace('"', '""') + '"'
    return field


def _shown(value: object) -> str:
    """A value for a message: short, in one line and without control characters."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _records(text: str, file: str) -> list[tuple[int, list[str]]]:
    """Split a CSV text into records, each with the number of its first line; blank lines are skipped."""
    stand_in = _unused(text) if "\0" in text else None  # Python 3.10 reads no NUL
    if stand_in:
        text = text.replace("\0", stand_in)
    records = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    with _fields_of_any_size():
        try:
            for fields in reader:
                if stand_in:
                    fields = [field.replace(stand_in, "\0") for field in fields]
                if any(field.strip() for field in fields):
                    records.append((line, fields))
                line = reader.line_num + 1
        except csv.Error as problem:
            raise ConfigError(f"{file}:{line}: {problem}, expected a CSV row (RFC 4180)") from None
    return records


def _unused(text: str) -> str:
    present = set(text)
    return next(c for c in map(chr, range(0xE000, sys.maxunicode)) if c not in present)


@contextmanager
def _fields_of_any_size() -> Iterator[None]:
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
