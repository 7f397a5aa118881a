"""What happens while snapshots are made and removed, as small values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .snapshot_model import Copy, Intent, JobKey


@dataclass(frozen=True, slots=True)
class CopyMade:
    """A snapshot was made.

    :param is_late: whether it was found only later, because its request had not been answered
    """

    copy: Copy
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class CopyUnknown:
    """A request was not answered as it should be: the snapshot may appear later."""

    intent: Intent
    why: str


@dataclass(frozen=True, slots=True)
class CopyFailed:
    """No snapshot was made."""

    job: JobKey
    volume_id: str
    why: str


@dataclass(frozen=True, slots=True)
class CopyRemoved:
    """A snapshot was removed.

    :param why: the reason
    """

    copy: Copy
    why: str


@dataclass(frozen=True, slots=True)
class CopyKept:
    """A snapshot that was to be removed stays.

    :param why: the reason
    :param is_error: whether Ceph failed or refused a request
    """

    copy: Copy
    why: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class CopyClosed:
    """The record of a copy was closed: it is gone, or somebody else's.

    :param why: the reason
    """

    copy: Copy
    why: str


@dataclass(frozen=True, slots=True)
class SnapshotWarning:
    """What somebody has to know."""

    text: str


SnapshotEvent: TypeAlias = CopyMade | CopyUnknown | CopyFailed | CopyRemoved | CopyKept | CopyClosed | SnapshotWarning

Listener: TypeAlias = Callable[[SnapshotEvent], None]
"""Takes events, from several threads."""
