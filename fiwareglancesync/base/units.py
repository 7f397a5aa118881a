"""Sizes and times as users read them."""

from __future__ import annotations

import math

MIB = 2**20
"""Bytes in a MiB, which the texts print as "MB" (sync 1.4)."""


def duration(seconds: float) -> str:
    """A time as the configuration writes it, whole seconds."""
    left = math.ceil(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
