"""Names of snapshots (snapshots 4.3). Pure."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta

ONE_SECOND = timedelta(seconds=1)


def snapshot_name(set_name: str, moment: datetime, taken: Container[str]) -> str:
    """The name of a new snapshot: ``<set>_<UTC time>``, of the next second whose name is free.

    :param moment: in UTC
    :param taken: the names that the image has
    """
    name = _name(set_name, moment)
    while name in taken:
        moment += ONE_SECOND
        name = _name(set_name, moment)
    return name


def _name(set_name: str, moment: datetime) -> str:
    return f"{set_name}_{moment:%Y%m%dT%H%M%SZ}"
