"""Texts from elsewhere, made fit to be shown: one line, no control characters, no secret."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

LONGEST = 400
"""Characters of a service's own words that are passed on."""


def one_line(text: str) -> str:
    """A text as one short line without control characters."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def public_url(url: str) -> str:
    """An address as it may be shown: without the user, password and query that it may hold."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return one_line(urlunsplit((parts.scheme, host, parts.path, "", "")))
    except ValueError:
        return "an address that cannot be parsed"
