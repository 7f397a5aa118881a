"""Reads the JSON documents of a vault strictly: what is not as it should be is refused, never guessed (vault 1.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeGuard, TypeVar

from ..model import is_uuid
from .vault_errors import NewerFormat, UnreadableDocument
from .vault_times import read_time

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

FORMAT = 1
"""The format that this program reads and writes."""

_SHA512 = re.compile("[0-9a-f]{128}")


def document(kind: str, fields: Mapping[str, Any]) -> bytes:
    """The text of a document.

    :param kind: what it is
    :param fields: its own fields
    """
    return (json.dumps({"format": FORMAT, "kind": kind, **fields}, indent=1) + "\n").encode("ascii")


def read_document(content: bytes, kind: str, where: str) -> Fields:
    """Read a document.

    :param content: of its file
    :param kind: what it has to be
    :param where: its file, for messages
    :raises NewerFormat: a newer program wrote it
    :raises UnreadableDocument: it is cut off, or is another kind of document
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument(f"{where} cannot be read: it is no complete JSON document ({error})") from error
    fields = Fields(value, where)
    found = fields.whole("format")
    if found > FORMAT:
        raise NewerFormat(f"{where} has the format {found}, this program reads {FORMAT}; use a newer glancesync")
    if found != FORMAT or fields.text("kind") != kind:
        raise UnreadableDocument(f"{where} cannot be read: expected a {kind} of format {FORMAT}")
    return fields


class Fields:
    """The fields of one JSON object. Each method returns one of them, or refuses the document.

    :param value: what JSON has there
    :param where: the file, for messages
    :raises UnreadableDocument: it is no object, or a field is missing or of a wrong type
    """

    def __init__(self, value: object, where: str) -> None:
        self._where = where
        if not isinstance(value, dict):
            raise UnreadableDocument(f"{where} cannot be read: expected a JSON object")
        self._fields: Mapping[str, Any] = value

    def text(self, key: str) -> str:
        """A text."""
        return self._typed(key, "a text", _is_text)

    def optional_text(self, key: str) -> str | None:
        """A text or null."""
        return None if self._is_null(key) else self._typed(key, "a text or null", _is_text)

    def whole(self, key: str) -> int:
        """A whole number, not negative."""
        return self._typed(key, "a whole number", _is_whole)

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._typed(key, "true or false", _is_flag)

    def uuid(self, key: str) -> str:
        """A UUID."""
        text = self.text(key)
        if not is_uuid(text):
            raise self._refused(key, "a UUID")
        return text

    def choice(self, key: str, kind: type[E]) -> E:
        """A member of an enumeration, by its value."""
        try:
            return kind(self.text(key))
        except ValueError as error:
            raise self._refused(key, f"one of {', '.join(each.value for each in kind)}") from error

    def time(self, key: str) -> datetime:
        """A time."""
        try:
            return read_time(self.text(key))
        except ValueError as error:
            raise self._refused(key, "a time") from error

    def optional_time(self, key: str) -> datetime | None:
        """A time or null."""
        return None if self._is_null(key) else self.time(key)

    def sha512(self, key: str) -> str:
        """A SHA-512 in hexadecimal."""
        text = self.text(key)
        if not is_sha512(text):
            raise self._refused(key, "a SHA-512")
        return text

    def optional_sha512(self, key: str) -> str | None:
        """A SHA-512 in hexadecimal, or null."""
        return None if self._is_null(key) else self.sha512(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self._typed(key, "a list of texts", _is_texts))

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, or null."""
        return None if self._is_null(key) else self.texts(key)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Any object."""
        return self._typed(key, "an object", _is_object)

    def text_mapping(self, key: str) -> Mapping[str, str]:
        """An object whose values are texts."""
        found = self.mapping(key)
        if not _is_texts(list(found.values())):
            raise self._refused(key, "an object of texts")
        return found

    def objects(self, key: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """A list of objects.

        :param read: reads one of them
        """
        found = self._typed(key, "a list of objects", _is_list)
        return tuple(read(Fields(each, f"{self._where}, {key}")) for each in found)

    def optional_object(self, key: str, read: Callable[[Fields], T]) -> T | None:
        """An object or null.

        :param read: reads the object
        """
        return None if self._is_null(key) else read(Fields(self.mapping(key), f"{self._where}, {key}"))

    def _is_null(self, key: str) -> bool:
        return key in self._fields and self._fields[key] is None

    def _typed(self, key: str, expected: str, fits: Callable[[object], TypeGuard[T]]) -> T:
        value = self._fields.get(key)
        if not fits(value):
            raise self._refused(key, expected)
        return value

    def _refused(self, key: str, expected: str) -> UnreadableDocument:
        return UnreadableDocument(f"{self._where} cannot be read: {key} is not {expected}")


def is_sha512(text: str) -> bool:
    """Whether a text is a SHA-512 in hexadecimal, lower case."""
    return _SHA512.fullmatch(text) is not None


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: object) -> TypeGuard[bool]:
    return isinstance(value, bool)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)
