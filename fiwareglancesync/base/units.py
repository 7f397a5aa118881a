"""Sizes and times as users read them."""

from __future__ import annotations

import math

MIB = 2**20
"""Bytes in a MiB, which the texts print as "MB" (sync 1.4)."""


def mib(size: int) -> int:
    """A size in MiB as texts have it, rounded up.

    :param size: bytes
    """
    return -(-size // MIB)


def duration(seconds: float) -> str:
    """A time as the configuration writes it, whole seconds."""
    left = math.ceil(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def readable_duration(seconds: float) -> str:
    """A time for people, rounded to whole seconds: ``4 min 12 s``."""
    left = round(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def clock_duration(seconds: float) -> str:
    """A time as a clock shows it: ``0:42``, ``1:02:03``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def readable_size(size: float) -> str:
    """A number of bytes in the largest unit that fits: ``41.2 GiB``."""
    unit, bytes_in_unit = _unit(size)
    return f"{size / bytes_in_unit:.1f} {unit}"


def readable_part(done: float, size: float) -> str:
    """A number of bytes of another number, both in the unit of the latter: ``1.2/41.2 GiB``."""
    unit, bytes_in_unit = _unit(size)
    return f"{done / bytes_in_unit:.1f}/{size / bytes_in_unit:.1f} {unit}"


def _unit(size: float) -> tuple[str, int]:
    """The unit in which a number of bytes has at most three digits before the point."""
    units = [("KiB", 2**10), ("MiB", MIB), ("GiB", 2**30), ("TiB", 2**40), ("PiB", 2**50)]
    for unit, bytes_in_unit in units:
        if round(size / bytes_in_unit, 1) < 1000:
            return unit, bytes_in_unit
    return units[-1]
