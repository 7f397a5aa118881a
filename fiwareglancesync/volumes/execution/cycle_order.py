"""What a cycle of volume backups is to do, and what came of it in numbers (volumes 1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..volume_events import (
    BackupEnded,
    BackupPostponed,
    BackupUndecided,
    Problem,
    RemovalRefused,
    RemovalRequested,
    VolumeEvent,
)
from ..volume_model import RecordState


@dataclass(frozen=True, slots=True)
class CycleOrder:
    """What one cycle is to do.

    :param forced: ids of servers and volumes that are due now, whatever schedule and window say
    :param seconds: after which nothing new begins; None means that the cycle ends when nothing is due any more
    """

    forced: Collection[str] = ()
    seconds: float | None = None


@dataclass
class CycleCounts:
    """What came of a cycle."""

    good: int = 0
    failed: int = 0
    undecided: int = 0
    removed: int = 0
    refused: int = 0
    problems: int = 0

    def __call__(self, event: VolumeEvent) -> None:
        """Count an event."""
        match event:
            case BackupEnded(record):
                if record.state is RecordState.GOOD:
                    self.good += 1
                else:
                    self.failed += 1
            case BackupUndecided():
                self.undecided += 1
            case RemovalRequested():
                self.removed += 1
            case RemovalRefused():
                self.refused += 1
            case Problem(is_failure=True) | BackupPostponed(is_failure=True):
                self.problems += 1

    @property
    def has_failed(self) -> bool:
        """Whether the exit code is 1."""
        return bool(self.failed or self.undecided or self.problems)
