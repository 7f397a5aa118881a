"""Texts from elsewhere, made fit to be shown: one line, no control characters, no secret."""

from __future__ import annotations

LONGEST = 400
"""Characters of a service's own words that are passed on."""


def one_line(text: str) -> str:
    """A text as one short line without control characters."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
