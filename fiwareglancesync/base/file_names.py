"""File names made from region names, and back (sync 1.4): a region's name may hold any character."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9._:-]")


def file_name(region: str) -> str:
    """Encode a region's name so that it is one safe component of a path.

    :param region: full name of a region (``Burgos``, ``federation2:Madrid``), of any characters
    :return: the name with every character outside ``[A-Za-z0-9._:-]`` and a leading dot percent-encoded
    """
    return _UNSAFE.sub(lambda match: _percent(match.group()), region)


def region_name(stem: str) -> str:
    """Decode what :func:`file_name` made.

    A person may have named the file: characters that are not encoded stand for themselves.

    :param stem: the part of a file's name that says the region
    :return: the region's full name
    """
    return decode(unquote_to_bytes(stem.encode("utf-8", "surrogatepass")))


def decode(content: bytes) -> str:
    """Decode UTF-8 that may hold lone surrogates or other bytes, so that every text is read as it was written.

    Lone surrogates are written with ``surrogatepass``; bytes of another encoding become surrogates too.
    """
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
