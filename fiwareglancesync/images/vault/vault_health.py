"""Judges a vault for monitoring, by thresholds (vault 2.5). Pure: vault and clock have been looked at before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ...base.severity import Severity
from ...base.units import MIB, duration
from .vault_times import time_text


@dataclass(frozen=True, slots=True)
class ShelfState:
    """A shelf, as far as monitoring looks at it.

    :param newest: when its region was listed for the newest complete run, None when there is none; runs of the future
        do not count
    :param missing: number of contents that this run needs and the vault does not have
    :param error: why its runs cannot be read, None when they can
    :param grows_old: whether a newer run is expected some day; a shelf of plain files needs none
    :param future: the time of a run of the future, None when there is none
    """

    name: str
    newest: datetime | None
    missing: int = 0
    error: str | None = None
    grows_old: bool = True
    future: datetime | None = None


@dataclass(frozen=True, slots=True)
class VaultState:
    """A vault, as far as monitoring looks at it.

    :param verified: when each content was last known to be right, in seconds since 1970
    :param damaged: number of contents that were found to be damaged and have not been fetched again
    :param stored_bytes: that contents take on the disk
    :param free_bytes: that can still be written
    :param all_bytes: of the file system
    """

    shelves: tuple[ShelfState, ...]
    verified: tuple[float, ...] = ()
    damaged: int = 0
    stored_bytes: int = 0
    free_bytes: int = 0
    all_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """A free space, as bytes or as a part of the file system.

    :param percent: of the file system, None when it is a number of bytes
    """

    size: int = 0
    percent: int | None = None

    def of(self, all_bytes: int) -> int:
        """The bytes, on a file system of a certain size."""
        return self.size if self.percent is None else all_bytes * self.percent // 100

    def __str__(self) -> str:
        return f"{self.size // MIB} MB" if self.percent is None else f"{self.percent} %"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is a warning, or critical.

    :param age: seconds since the newest complete run of a shelf
    :param unverified: seconds since a content was last known to be right, None for no such limit
    :param free: the least free space
    """

    age_warning: int = 26 * 3600
    age_critical: int = 50 * 3600
    unverified_warning: int | None = 30 * 86400
    unverified_critical: int | None = None
    free_warning: Room = Room(percent=10)
    free_critical: Room = Room(percent=5)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be.

    :param text: what it is, without a full stop
    """

    severity: Severity
    text: str


def problems(state: VaultState, limits: Thresholds, now: datetime) -> list[Problem]:
    """What is not as it should be, the worst first.

    :param now: the present time, in UTC
    """
    found = [*_shelf_problems(state, limits, now), *_content_problems(state, limits, now), *_room(state, limits)]
    return sorted(found, key=lambda problem: -problem.severity)


def unverified(state: VaultState, seconds: float, now: datetime) -> int:
    """The number of contents that were last known to be right longer ago than this."""
    before = now.timestamp() - seconds
    return sum(time < before for time in state.verified)


def age_of(shelf: ShelfState, now: datetime) -> float | None:
    """Seconds since the newest complete run of a shelf, None when it has none, or does not grow old."""
    return None if shelf.newest is None or not shelf.grows_old else max(0.0, (now - shelf.newest).total_seconds())


def _shelf_problems(state: VaultState, limits: Thresholds, now: datetime) -> Iterator[Problem]:
    if not state.shelves:
        yield Problem(Severity.WARNING, "the vault has no shelf: nothing was ever backed up")
    for shelf in state.shelves:
        age = age_of(shelf, now)
        if shelf.error is not None:
            yield Problem(Severity.CRITICAL, f"shelf {shelf.name}: {shelf.error}")
        elif shelf.newest is None:
            yield Problem(Severity.CRITICAL, f"shelf {shelf.name} has no complete run")
        elif age is not None:
            limit = limits.age_critical if age > limits.age_critical else limits.age_warning
            text = f"shelf {shelf.name}: the newest complete run is {rough_time(age)} old (limit {duration(limit)})"
            if age > limit:
                yield Problem(_severity(age > limits.age_critical), text)
        if shelf.future is not None:
            text = f"shelf {shelf.name} has a run of the future, {time_text(shelf.future)}: a clock is or was wrong"
            yield Problem(Severity.WARNING, text)
        if shelf.missing:
            text = f"shelf {shelf.name}: {shelf.missing} contents of the newest complete run are missing"
            yield Problem(Severity.CRITICAL, text)


def _content_problems(state: VaultState, limits: Thresholds, now: datetime) -> Iterator[Problem]:
    if state.damaged:
        yield Problem(Severity.WARNING, f"{state.damaged} damaged contents have not been fetched again")
    for limit, is_critical in ((limits.unverified_critical, True), (limits.unverified_warning, False)):
        if limit is not None and (count := unverified(state, limit, now)):
            text = f"{count} contents were not verified for over {duration(limit)}"
            yield Problem(_severity(is_critical), text)
            return


def _room(state: VaultState, limits: Thresholds) -> Iterator[Problem]:
    for limit, is_critical in ((limits.free_critical, True), (limits.free_warning, False)):
        if state.free_bytes < limit.of(state.all_bytes):
            yield Problem(_severity(is_critical), f"{state.free_bytes // MIB} MB are free (limit {limit})")
            return


def _severity(is_critical: bool) -> Severity:
    return Severity.CRITICAL if is_critical else Severity.WARNING


def rough_time(seconds: float) -> str:
    """A time for people: minutes, hours or days, rounded down.

    :param seconds: the time
    """
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
