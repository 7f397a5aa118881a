"""Images as JSON Lines: one object a line with every field of :class:`~fiwareglancesync.images.model.Image`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from ....base.errors import ConfigError
from ...model import SYNC_FIELDS, Image
from .csv_rows import check_unique, row_number

VISIBILITIES = ("public", "private", "shared", "community")


def format_lines(images: Iterable[Image]) -> Iterator[str]:
    """Write images, a line for each, in the given order. Text is not escaped to ASCII."""
    for image in images:
        yield json.dumps(_document(image), ensure_ascii=False) + "\n"


def parse_lines(text: str, region: str, file: str) -> Iterator[Image]:
    """Read what :func:`format_lines` wrote; blank lines are skipped.

    :param text: the file's content
    :param region: full name of the region, from the name of the file (sync 4)
    :param file: name of the file, for messages
    :return: the images in the file's order
    :raises ConfigError: a line cannot be read; the text is ``file:line: what, expected what``
    """
    known: dict[str, int] = {}
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            found = json.loads(content)
            if not isinstance(found, dict):
                raise ValueError(f"{type(found).__name__}, expected an object")
            image = _image(found, region, row_number(len(known) + 1))
            check_unique(image, line, known)
        except (ValueError, RecursionError) as problem:
            raise ConfigError(f"{file}:{line}: {_reason(problem)}") from None
        yield image


def _reason(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"{problem.msg} (column {problem.colno}), expected a JSON object"
    if isinstance(problem, RecursionError):
        return "nested too deeply, expected a JSON object"
    return str(problem)


def _document(image: Image) -> dict[str, Any]:
    document = {name: getattr(image, name) for name in _NAMES}
    document["tags"] = list(image.tags)
    document["user_properties"] = dict(image.user_properties)
    if image.unstated:
        document["unstated"] = sorted(image.unstated)
    else:
        del document["unstated"]
    return document


def _image(found: Mapping[str, Any], region: str, created_at: str) -> Image:
    values: dict[str, Any] = {}
    for name, value in found.items():
        check = _CHECKS.get(name)
        if check is None:
            raise ValueError(f"unknown field {name!a}, expected fields of an image: {', '.join(_NAMES)}")
        expected = check(value)
        if expected:
            raise ValueError(f"{name} is {json.dumps(value)[:60]}, expected {expected}")
        values[name] = value
    missing = [name for name in _REQUIRED if name not in values]
    if missing:
        raise ValueError(f"the field {missing[0]} is missing, expected one in every line")
    values["region"] = region
    values.setdefault("created_at", created_at)
    values["tags"] = tuple(values.get("tags", ()))
    values["unstated"] = frozenset(values.get("unstated", ()))
    return Image(**values)


def _text(value: object) -> str:
    return "" if isinstance(value, str) else "text"


def _id(value: object) -> str:
    return "" if isinstance(value, str) and value else "a UUID"


def _text_or_null(value: object) -> str:
    return "" if value is None or isinstance(value, str) else "text or null"


def _flag(value: object) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _number(value: object) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return "" if good else "a whole number"


def _number_or_null(value: object) -> str:
    return "" if value is None or not _number(value) else "a whole number or null"


def _visibility(value: object) -> str:
    return "" if value in VISIBILITIES else f"one of {', '.join(VISIBILITIES)}"


def _tags(value: object) -> str:
    good = isinstance(value, list) and all(isinstance(tag, str) for tag in value)
    return "" if good else "a list of texts"


def _fields(value: object) -> str:
    good = isinstance(value, list) and all(field in SYNC_FIELDS for field in value)
    return "" if good else f"a list of {', '.join(SYNC_FIELDS)}"


def _properties(value: object) -> str:
    good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return "" if good else "an object of texts"


_NAMES = tuple(field.name for field in fields(Image))
_REQUIRED = tuple(f.name for f in fields(Image) if f.default is MISSING and f.name != "region")
_CHECKS: Mapping[str, Callable[[object], str]] = {
    "id": _id,
    "name": _text,
    "region": _text,
    "owner": _text,
    "status": _id,
    "size": _number_or_null,
    "checksum": _text_or_null,
    "hash_algo": _text_or_null,
    "hash_value": _text_or_null,
    "created_at": _text,
    "hidden": _flag,
    "visibility": _visibility,
    "exact_visibility": _flag,
    "protected": _flag,
    "disk_format": _text_or_null,
    "container_format": _text_or_null,
    "min_disk": _number,
    "min_ram": _number,
    "tags": _tags,
    "user_properties": _properties,
    "unstated": _fields,
}
