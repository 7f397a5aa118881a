"""File names made from region names, and back (sync 1.4): regions are named by strangers."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9._:-]")


def file_name(region: str) -> str:
    """Encode a region's name so that it is one harmless component of a path.

    :param region: full name of a region (``Burgos``, ``other:Madrid``), of any characters
    :return: the name with every character outside ``[A-Za-z0-9._:-]`` and a leading dot percent-encoded
    """
    return _UNSAFE.sub(lambda match: _percent(match.group()), region)


def region_name(stem: str) -> str:
    """Decode what :func:`file_name` made.

    Characters that should have been encoded, in a file that a person named, stand for themselves.

    :param stem: the part of a file's name that says the region
    :return: the region's full name
    """
    return decode(unquote_to_bytes(stem.encode("utf-8", "surrogatepass")))


def decode(content: bytes) -> str:
    """Decode UTF-8 that may hold what is none, so that every text that we wrote comes back exactly.

    Lone surrogates are written with ``surrogatepass``; bytes of another encoding become surrogates too.
    """
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
