"""Texts of users and servers made safe to print, and the known name nearest to a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that change the direction of writing, and lone surrogates."""

MAX_LINE_LENGTH = 400
"""Characters of a service's message that are kept."""


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name nearest to a wrong one; None when none is near. Case does not count.

    :param word: a name that is not known
    :param known: the names that are
    :param cutoff: how much of the names must agree, from 0 to 1
    """
    from difflib import get_close_matches

    names: dict[str, str] = {}
    for name in known:
        names.setdefault(name.casefold(), name)
    near = get_close_matches(word.casefold(), names, 1, cutoff)
    return names[near[0]] if near else None


def show(text: str, limit: int = 80) -> str:
    """Make a text safe to print in a line: control characters are escaped, long text is cut.

    :param text: any text
    :param limit: characters to keep
    :return: one printable line
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return printable(cut)


def printable(text: str) -> str:
    r"""Show control characters and lone surrogates as ``\xNN`` and ``\uNNNN``.

    :param text: one line
    """
    return CONTROL.sub(lambda match: _escape(match[0]), text)


def escaped(text: str) -> str:
    r"""Show what is not printable, also characters that join others or have no width, as ``\xNN`` or ``\uNNNN``.

    :param text: any text
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """A text as one short line without control characters, at most ``MAX_LINE_LENGTH`` long."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= MAX_LINE_LENGTH else clean[: MAX_LINE_LENGTH - 1] + "…"
