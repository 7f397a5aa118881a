"""How the text of an option becomes a value: one ``Kind`` a shape, which can say what it expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model import SYNC_FIELDS
from ..settings import ANY
from .condition import CompiledCondition

MAX_DIGITS = 15
"""Digits of the largest number that is taken; more is a slip of the hand."""

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
WAYS = ("auto", "file", "stream", "spool", "server")
INTERFACES = ("public", "internal", "admin")
SIZE_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
TIME_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

_WHOLE = re.compile(r"[0-9]+")
_SIZE = re.compile(r"([0-9]+)\s*([KMGT]?)(?:i?B)?(?:/s)?", re.IGNORECASE)
_TIME = re.compile(r"([0-9]+)\s*([smhd]?)", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """A shape of values.

    :param expected: completes the sentence "expected …"
    :param parse: turns stripped, non-empty text into the value; raises ValueError, or ConfigError
        when it knows better than ``expected`` what is wrong
    """

    expected: str
    parse: Callable[[str], Any]


def split_list(text: str) -> tuple[str, ...]:
    """Split a comma separated list; entries are stripped, empty ones dropped (contract 2)."""
    return tuple(entry for entry in (part.strip() for part in text.split(",")) if entry)


def parse_boolean(text: str) -> bool:
    """Read a boolean.

    :raises ValueError: the word is none of those known
    """
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(text)


def parse_interface(text: str) -> str:
    """Read the kind of endpoint to use; the old names ``publicURL`` … are accepted.

    :raises ValueError: there is no such kind
    """
    word = text.strip().lower().removesuffix("url")
    if word not in INTERFACES:
        raise ValueError(text)
    return word


def parse_url(text: str) -> str:
    """Check the address of a Keystone.

    :raises ValueError: it does not start with ``http://`` or ``https://``, or holds white space
    """
    if not re.fullmatch(r"https?://[^\s/]\S*", text, re.IGNORECASE):
        raise ValueError(text)
    return text


def _number(digits: str) -> int:
    if len(digits) > MAX_DIGITS or not _WHOLE.fullmatch(digits):
        raise ValueError(digits)
    return int(digits)


def _positive(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise ValueError(text)
    return number


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError(text)
    return _number(match[1]) * SIZE_UNITS[match[2].upper()]


def _duration(text: str) -> int:
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    return _positive(match[1]) * TIME_UNITS[match[2].lower()]


def _checksums(text: str) -> frozenset[str]:
    return frozenset(ANY if entry.lower() == ANY else entry for entry in split_list(text))


def _fields(text: str) -> frozenset[str]:
    fields = frozenset(entry.lower() for entry in split_list(text))
    if not fields <= frozenset(SYNC_FIELDS):
        raise ValueError(text)
    return fields


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(part.strip() for part in entry.split("=")) for entry in split_list(text)]
    if any(len(pair) != 2 or not all(pair) for pair in pairs) or len({pair[0] for pair in pairs}) < len(pairs):
        raise ValueError(text)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _way(text: str) -> str:
    word = text.lower()
    if word not in WAYS:
        raise ValueError(text)
    return word


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~someone" without such an account
        raise ValueError(text) from error


def _database(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*", text):
        raise ValueError(text)
    return text


def _credential(text: str) -> str:
    # The parts are taken apart by ``credentials``, which can name the part that is wrong.
    return text


TEXT = Kind("text", str)
LIST = Kind("a comma separated list", split_list)
SET = Kind("a comma separated list", lambda text: frozenset(split_list(text)))
PATTERNS = Kind("a comma separated list of names, which may hold * and ?", split_list)
FIELDS = Kind("some of " + ", ".join(SYNC_FIELDS), _fields)
PAIRS = Kind("pairs such as A=B, separated by commas, each A once", _pairs)
CHECKSUMS = Kind("a comma separated list of checksums, or any", _checksums)
BOOLEAN = Kind("True or False", parse_boolean)
POSITIVE = Kind("a positive whole number", _positive)
WHOLE = Kind("a whole number, 0 or more", _number)
SIZE = Kind("a size such as 500M or 10G (0: no limit of its own)", _size)
RATE = Kind("bytes a second, such as 50M (0: no limit)", _size)
DURATION = Kind("a time such as 24h, 90m or 3600 (seconds), more than 0", _duration)
PATH = Kind("a path", _path)
URL = Kind("an address that starts with http:// or https://", parse_url)
DATABASE = Kind("a database URL such as postgresql://host/name", _database)
WAY = Kind("one of " + ", ".join(WAYS), _way)
INTERFACE = Kind("one of " + ", ".join(INTERFACES), parse_interface)
CREDENTIAL = Kind("user, base64 password, Keystone URL, tenant", _credential)
CONDITION = Kind("an expression over image and metadata_set", CompiledCondition)
