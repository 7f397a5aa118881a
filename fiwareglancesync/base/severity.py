"""How bad something is, as monitoring takes it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Severity(IntEnum):
    """The exit codes of a plugin of Nagios."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def worst(severities: Iterable[Severity]) -> Severity:
    """The worst of several; OK for none."""
    return max(severities, default=Severity.OK)
