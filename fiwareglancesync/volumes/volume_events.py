"""What happens while backups of volumes are made, as a stream of small values (design 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .volume_model import BackupRecord


@dataclass(frozen=True, slots=True)
class CycleStarted:
    """Everything has been read, and the plan is made.

    :param volumes: how many are backed up
    :param due: how many of them are due now
    """

    region: str
    volumes: int
    due: int


@dataclass(frozen=True, slots=True)
class BackupRequested:
    """Cinder makes a backup."""

    record: BackupRecord


@dataclass(frozen=True, slots=True)
class BackupEnded:
    """The outcome of a backup is known; the state of the record says which."""

    record: BackupRecord


@dataclass(frozen=True, slots=True)
class BackupUndecided:
    """It is not known what came of a request; a later cycle finds out.

    :param why: what happened, in one line
    """

    record: BackupRecord
    why: str


@dataclass(frozen=True, slots=True)
class RemovalRequested:
    """Cinder removes an expired backup."""

    record: BackupRecord


@dataclass(frozen=True, slots=True)
class RemovalRefused:
    """Cinder did not remove an expired backup.

    :param why: its own words
    """

    record: BackupRecord
    why: str


@dataclass(frozen=True, slots=True)
class BackupGone:
    """A backup is not in Cinder any more, and its record is closed."""

    record: BackupRecord


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that somebody has to know; the cycle goes on.

    :param project: ``domain/name`` of the project, "" for the whole region
    :param is_failure: whether the exit code shows it
    """

    project: str
    text: str
    is_failure: bool = True


VolumeEvent: TypeAlias = (
    CycleStarted
    | BackupRequested
    | BackupEnded
    | BackupUndecided
    | RemovalRequested
    | RemovalRefused
    | BackupGone
    | Problem
)
EmitVolume: TypeAlias = Callable[[VolumeEvent], None]
