"""Which runs of a shelf are kept, and why (vault 2.2). Pure: the present moment plays no part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class KeepRules:
    """What is kept: the union of what each rule keeps. A rule of 0 keeps nothing.

    :param last: the newest runs
    :param hourly: hours of which the newest complete run is kept, or the newest, and so on
    :param within: seconds before the newest run
    """

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class DatedRun:
    """A run, as far as the rules look at it.

    :param listed: when the region was listed, in UTC
    """

    listed: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done with a run.

    :param reasons: why it is kept, at least one; or the one reason why it is not
    """

    run: DatedRun
    kept: bool
    reasons: tuple[str, ...]


_PERIODS: tuple[tuple[str, Callable[[datetime], tuple[int, ...]]], ...] = (
    ("hourly", lambda time: (time.year, time.month, time.day, time.hour)),
    ("daily", lambda time: (time.year, time.month, time.day)),
    ("weekly", lambda time: tuple(time.isocalendar()[:2])),
    ("monthly", lambda time: (time.year, time.month)),
    ("yearly", lambda time: (time.year,)),
)
"""The rules that keep the newest run of each period, with the period of a time."""

NO_RULE = "no rule is given"
NEWEST_COMPLETE = "the newest complete run"
NOT_KEPT = "no rule keeps it"


def judge(runs: Sequence[DatedRun], rules: KeepRules) -> list[Verdict]:
    """Decide which runs are kept.

    :param runs: of one shelf, in any order
    :param rules: what to keep; without any, everything is kept
    :return: the runs, the newest first, each with what is done with it
    """
    ordered = sorted(runs, key=lambda run: run.listed, reverse=True)
    reasons: list[list[str]] = [[] for _ in ordered]
    for number, reason in (*_kept(ordered, rules), *_newest_complete(ordered)):
        reasons[number].append(reason)
    if not rules:
        reasons = [[NO_RULE, *each] for each in reasons]
    return [Verdict(run, bool(why), tuple(why) or (NOT_KEPT,)) for run, why in zip(ordered, reasons, strict=True)]


def _kept(ordered: Sequence[DatedRun], rules: KeepRules) -> Iterator[tuple[int, str]]:
    """The numbers of the runs that rules keep, with the rule."""
    for number in range(min(rules.last, len(ordered))):
        yield number, f"last {number + 1} of {rules.last}"
    for name, period_of in _PERIODS:
        yield from _newest_of_periods(ordered, name, getattr(rules, name), period_of)
    for number, run in enumerate(ordered):
        if rules.within and ordered[0].listed - run.listed <= timedelta(seconds=rules.within):
            yield number, "within the time"


def _newest_of_periods(
    ordered: Sequence[DatedRun], name: str, count: int, period_of: Callable[[datetime], tuple[int, ...]]
) -> Iterator[tuple[int, str]]:
    """The newest complete run of each of the newest periods; of a period without one, the newest run."""
    newest: dict[tuple[int, ...], int] = {}
    for number, run in enumerate(ordered):
        former = newest.setdefault(period_of(run.listed), number)
        if run.complete and not ordered[former].complete:
            newest[period_of(run.listed)] = number
    for found, number in enumerate(list(newest.values())[:count], 1):
        yield number, f"{name} {found} of {count}"


def _newest_complete(ordered: Sequence[DatedRun]) -> Iterator[tuple[int, str]]:
    for number, run in enumerate(ordered):
        if run.complete:
            yield number, NEWEST_COMPLETE
            return
