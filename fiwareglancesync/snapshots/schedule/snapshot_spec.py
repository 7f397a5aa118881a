"""A spec: how many copies are kept, on which days and at which hours they are made, and its canonical form.

The grammar is that of snapshots 2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of days; a day's number, here and in ``datetime``, is its index."""

ALL_DAYS = frozenset(range(len(DAYS)))
MIDNIGHT = frozenset({0})
HOURS_OF_DAY = 24

NO_DAYS = "-"
"""Written instead of days: copies are only made by ``snapshots run``."""

SHORTEST_RANGE = 3
"""Days in a row that the canonical form writes as a range."""

HOURLY, DAILY, WEEKLY, GENERAL = "hourly", "daily", "weekly", "general"
"""Names of sets of copies."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What one spec says; two specs with the same meaning are equal.

    :param count: copies that are kept; 0 means that nothing is created and nothing removed
    :param days: numbers of days, none when copies are only made by ``snapshots run``
    :param hours: from 0 to 23, at least one
    """

    count: int
    days: frozenset[int] = ALL_DAYS
    hours: frozenset[int] = MIDNIGHT

    @property
    def set_name(self) -> str:
        """The set that its copies belong to."""
        if len(self.hours) > 1:
            return HOURLY
        return WEEKLY if len(self.days) == 1 else DAILY

    @property
    def has_times(self) -> bool:
        """Whether copies are made without a call of ``snapshots run``."""
        return self.count > 0 and bool(self.days)

    def __str__(self) -> str:
        """The canonical form."""
        parts = [str(self.count)]
        if self.days != ALL_DAYS:
            parts.append(_days_as_text(self.days))
        if self.hours != MIDNIGHT:
            parts.append(",".join(map(str, sorted(self.hours))))
        return "@".join(parts)


def _days_as_text(days: frozenset[int]) -> str:
    """The days as a list with ranges; one that goes over Sunday is one range."""
    runs = list(_runs(sorted(days)))
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == len(DAYS) - 1:
        runs.append([*runs.pop(), *runs.pop(0)])
    return ",".join(map(_run_as_text, runs)) or NO_DAYS


def _runs(days: Iterable[int]) -> Iterable[list[int]]:
    """Days in a row, in one list each."""
    run: list[int] = []
    for day in days:
        if run and day != run[-1] + 1:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _run_as_text(run: Sequence[int]) -> str:
    if len(run) >= SHORTEST_RANGE:
        return f"{DAYS[run[0]]}-{DAYS[run[-1]]}"
    return ",".join(DAYS[day] for day in run)


@dataclass(frozen=True, slots=True)
class Times:
    """How specs are meant.

    :param minute: of the hour, for what the schedule file names
    :param general_minute: of the hour, for the general set
    :param zone: name of the time zone, a known one
    """

    minute: int = 0
    general_minute: int = 15
    zone: str = "UTC"
