"""What happens while backups of volumes are made, as a stream of small values (design 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .drill_model import DrillRecord
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
class BackupPostponed:
    """A backup that is due was not made; a later cycle requests it.

    :param why: the reason, in one line
    :param is_failure: whether the exit code shows it
    """

    record: BackupRecord
    why: str
    is_failure: bool = False


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
class DrillsChosen:
    """It is known which backups are drilled.

    :param chosen: how many
    :param possible: how many could be drilled now
    :param later: how many can be restored, and must not be drilled now
    """

    region: str
    chosen: int
    possible: int
    later: int


@dataclass(frozen=True, slots=True)
class RestoreRequested:
    """Cinder restores a backup into the temporary volume of a drill."""

    drill: DrillRecord


@dataclass(frozen=True, slots=True)
class DrillEnded:
    """The outcome of a drill is known; the state of the record says which."""

    drill: DrillRecord


@dataclass(frozen=True, slots=True)
class DrillInterrupted:
    """A drill of an earlier call came to no end."""

    drill: DrillRecord


@dataclass(frozen=True, slots=True)
class DrillPostponed:
    """A backup is not drilled now, and no temporary volume was made for it.

    :param why: the reason, in one line
    """

    record: BackupRecord
    why: str


@dataclass(frozen=True, slots=True)
class TemporaryVolumeGone:
    """The temporary volume of a drill is removed."""

    drill: DrillRecord


@dataclass(frozen=True, slots=True)
class TemporaryVolumeLeft:
    """The temporary volume of a drill is not removed, or may still be made; a later cycle or drill removes it.

    :param why: the reason, in one line
    """

    drill: DrillRecord
    why: str


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
    | BackupPostponed
    | RemovalRequested
    | RemovalRefused
    | BackupGone
    | DrillsChosen
    | RestoreRequested
    | DrillEnded
    | DrillInterrupted
    | DrillPostponed
    | TemporaryVolumeGone
    | TemporaryVolumeLeft
    | Problem
)
EmitVolume: TypeAlias = Callable[[VolumeEvent], None]
