"""The names of backups (volumes 2)."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone

MAX_LENGTH = 255
"""Characters of the longest name that Cinder takes."""

TIME_FORMAT = "%Y%m%dT%H%M%SZ"

_REPLACED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that Cinder or its database refuses, or that would break a line."""


def backup_name(server: str, volume: str, begun: datetime) -> str:
    """Name a backup ``<server>_<volume>_<UTC time>``; a part that is too long is cut.

    :param server: its name, or its id when it has none
    :param volume: its name, or its id when it has none
    :param begun: aware
    """
    time = begun.astimezone(timezone.utc).strftime(TIME_FORMAT)
    first, second = _clean(server), _clean(volume)
    room = MAX_LENGTH - len(time) - len("__")
    for_first = min(len(first), max(room // 2, room - len(second)))
    return f"{first[:for_first]}_{second[: room - for_first]}_{time}"


def usable_name(name: str, id: str) -> str:
    """The name of a server or of a volume, or its id when it has none.

    :param name: as the service has it
    """
    return name if name.strip() else id


def _clean(text: str) -> str:
    return "".join("_" if _is_refused(character) else character for character in text.strip())


def _is_refused(character: str) -> bool:
    return ord(character) > 0xFFFF or unicodedata.category(character) in _REPLACED
