"""Names come from strangers: what a terminal or a log gets to see is escaped (contract 1.4)."""

from __future__ import annotations

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that change the direction of writing, and lone surrogates."""


def printable(text: str) -> str:
    r"""Show control characters and lone surrogates as ``\xNN`` and ``\uNNNN``.

    :param text: one line
    """
    return CONTROL.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
