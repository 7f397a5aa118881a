"""Tables of a schedule of snapshots: what it means, and when copies are due (snapshots 1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

from .record_tables import write_rows

if TYPE_CHECKING:
    from ..snapshots.schedule.schedule_preview import Meaning
    from ..snapshots.schedule.snapshot_slots import Calendar, Slot

SHOWN_TIMES = 3
"""Times of each spec."""


@dataclass(frozen=True, slots=True)
class MeaningRow:
    """What one spec means.

    :param spec: in its canonical form
    :param next: times, in the time zone of the schedule
    :param never: why there are none, "" when there are
    """

    server: str
    set: str
    spec: str
    next: tuple[str, ...]
    never: str


@dataclass(frozen=True, slots=True)
class TimeRow:
    """A copy that is due."""

    time: str
    server: str
    set: str
    spec: str
    server_id: str


def meaning_rows(meanings: Iterable[Meaning], now: datetime) -> Iterator[MeaningRow]:
    """The rows of what a schedule means.

    :param now: in UTC
    """
    known: dict[Calendar, tuple[str, ...]] = {}  # thousands of servers share a few calendars
    for each in meanings:
        times = () if each.never else known.get(each.calendar)
        if times is None:
            times = tuple(_time(slot, each) for slot in each.next_slots(now, SHOWN_TIMES))
            known[each.calendar] = times
        yield MeaningRow(each.server, each.set_name, str(each.spec), times, each.never)


def time_rows(slots: Iterable[tuple[Slot, Meaning]]) -> Iterator[TimeRow]:
    """The rows of what is due."""
    for slot, each in slots:
        yield TimeRow(_time(slot, each), each.server, each.set_name, str(each.spec), each.server_id)


def write_meanings(rows: Iterable[MeaningRow], form: str, stream: TextIO) -> None:
    """Write what a schedule means.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    cells = [(row.server, row.set, row.spec, ", ".join(row.next) or f"never: {row.never}") for row in found]
    write_rows(("Server", "Set", "Spec", "Next"), cells, [asdict(row) for row in found], form, stream)


def write_times(rows: Iterable[TimeRow], form: str, stream: TextIO) -> None:
    """Write what is due.

    :param form: ``table``, ``csv`` or ``json``
    """
    found = list(rows)
    cells = [(row.time, row.server, row.set, row.spec) for row in found]
    write_rows(("Time", "Server", "Set", "Spec"), cells, [asdict(row) for row in found], form, stream)


def _time(slot: Slot, meaning: Meaning) -> str:
    """The time of a slot by the clock on the wall, with its offset."""
    return slot.instant.astimezone(ZoneInfo(meaning.calendar.zone)).isoformat(timespec="minutes")
