"""Parses the texts of options: a ``Kind`` for each form of values, with the words for error messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MAX_DIGITS = 15
"""Digits of the largest number that is accepted; a longer one is a mistake."""

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
INTERFACES = ("public", "internal", "admin")
SIZE_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
TIME_UNITS = {"y": 365 * 86400, "mon": 30 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "min": 60, "s": 1}
"""Seconds in the units of a duration, in the order in which they are written (sync 1)."""

LONGEST_TIMEOUT = 7 * 86400
"""Seconds; system calls accept no timeout of more than 24 days."""

SHORTEST_RETRY = 60
"""Seconds; the least time for which a request that is refused for now is tried again (sync 3.11)."""

_WHOLE = re.compile(r"[0-9]+")
_SIZE = re.compile(r"([0-9]+)\s*([KMGT]?)(?:i?B)?(?:/s)?", re.IGNORECASE)
# "m" is an older way to write minutes.
_TIME = re.compile(
    r"\s*".join(rf"(?:([0-9]+)\s*{'m(?:in)?' if unit == 'min' else unit})?" for unit in TIME_UNITS), re.IGNORECASE
)


@dataclass(frozen=True)
class Kind:
    """A form of values.

    :param expected: completes the sentence "expected …"
    :param parse: returns the value of a text that is stripped and not empty; raises ValueError, or ConfigError
        with a more exact message than ``expected``
    """

    expected: str
    parse: Callable[[str], Any]


def split_list(text: str) -> tuple[str, ...]:
    """Split a comma separated list; entries are stripped, empty ones dropped (sync 2)."""
    return tuple(entry for entry in (part.strip() for part in text.split(",")) if entry)


def parse_boolean(text: str) -> bool:
    """Read a boolean.

    :raises ValueError: it is another word
    """
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(text)


def parse_interface(text: str) -> str:
    """Read the kinds of endpoints to use, the preferred one first; the old names ``publicURL`` … are accepted.

    :return: the kinds, separated by commas
    :raises ValueError: there is no such kind
    """
    words = [word.lower().removesuffix("url") for word in split_list(text)]
    if not words or not set(words) <= set(INTERFACES):
        raise ValueError(text)
    return ",".join(dict.fromkeys(words))


def parse_image_endpoints(text: str) -> tuple[tuple[str, str], ...]:
    """Read addresses of image services: one ``URL``, or ``REGION=URL`` for each region.

    :return: the addresses by region; the region of a ``URL`` alone is ""
    :raises ValueError: it has another form, or names a region twice
    """
    words = split_list(text)
    if len(words) == 1 and re.match("https?://", words[0], re.IGNORECASE):
        return (("", parse_url(words[0])),)
    found: dict[str, str] = {}
    for word in words:
        region, _, url = (part.strip() for part in word.partition("="))
        if not region or region in found:
            raise ValueError(text)
        found[region] = parse_url(url)
    if not found:
        raise ValueError(text)
    return tuple(found.items())


def parse_file(text: str) -> str:
    """Read the name of a file; ``~`` stands for the user's home.

    :raises ValueError: there is no such user
    """
    return str(_path(text))


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


def up_to(most: int, unit: float = 1) -> Kind:
    """A kind of positive whole numbers.

    :param most: the largest one
    :param unit: what the number is multiplied by
    """

    def parse(text: str) -> float:
        number = _positive(text)
        if number > most:
            raise ValueError(text)
        return number * unit

    return Kind(f"a whole number from 1 to {most}", parse)


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError(text)
    return _number(match[1]) * SIZE_UNITS[match[2].upper()]


def _duration(text: str) -> int:
    if _WHOLE.fullmatch(text):
        return _positive(text)
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    seconds = sum(_number(count) * unit for count, unit in zip(match.groups("0"), TIME_UNITS.values(), strict=True))
    return _positive(str(seconds))


def _timeout(text: str) -> int:
    seconds = _duration(text)
    if seconds > LONGEST_TIMEOUT:
        raise ValueError(text)
    return seconds


def _retry_timeout(text: str) -> int:
    seconds = _timeout(text)
    if seconds < SHORTEST_RETRY:
        raise ValueError(text)
    return seconds


def _rate(text: str) -> int:
    rate = _size(text)
    if rate < 1:
        raise ValueError(text)
    return rate


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(part.strip() for part in entry.split("=")) for entry in split_list(text)]
    if any(len(pair) != 2 or not all(pair) for pair in pairs) or len({pair[0] for pair in pairs}) < len(pairs):
        raise ValueError(text)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~someone" without such an account
        raise ValueError(text) from error


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, OSError) as error:  # there is no such file, or it is a folder such as Europe
        raise ValueError(text) from error
    return text


def _database(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*", text):
        raise ValueError(text)
    return text


def _credential(text: str) -> str:
    # ``credentials`` splits it and names the part that is wrong.
    return text


TEXT = Kind("text", str)
LIST = Kind("a comma separated list", split_list)
SET = Kind("a comma separated list", lambda text: frozenset(split_list(text)))
PATTERNS = Kind("a comma separated list of names, which may hold * and ?", split_list)
PAIRS = Kind("pairs such as A=B, separated by commas, each A once", _pairs)
BOOLEAN = Kind("True or False", parse_boolean)
POSITIVE = Kind("a positive whole number", _positive)
WHOLE = Kind("a whole number, 0 or more", _number)
SIZE = Kind("a size such as 500M or 10G (0: no limit of its own)", _size)
RATE = Kind("bytes a second, such as 50M (0: no limit)", _size)
DURATION = Kind("a time such as 24h, 1d12h, 90min or 3600 (seconds), more than 0", _duration)
TIMEOUT = Kind("a time such as 30 (seconds), 5min or 1h30min, from 1s to 7d", _timeout)
RETRY_TIMEOUT = Kind("a time such as 5min or 1h, from 1min to 7d", _retry_timeout)
SLOWEST_RATE = Kind("bytes a second, such as 4M, more than 0", _rate)
PATH = Kind("a path", _path)
TIMEZONE = Kind("the name of a time zone such as Europe/Madrid", _timezone)
URL = Kind("an address that starts with http:// or https://", parse_url)
DATABASE = Kind("a database URL such as postgresql://host/name", _database)
INTERFACE = Kind("one of " + ", ".join(INTERFACES) + ", or several of them", parse_interface)
FILE = Kind("a path", parse_file)
ENDPOINTS = Kind("an address that starts with http:// or https://, or REGION=ADDRESS …", parse_image_endpoints)
CREDENTIAL = Kind("user, base64 password, Keystone URL, tenant", _credential)
