"""When copies are made: slots in a time zone (snapshots 4.2). Pure: the present moment is a parameter.

A slot is a local date, an hour and a minute. Its instant is what PEP 495 says for ``fold=0``: a time that the change of
the clock skips is as much later as the clock is set forward, and one that is repeated counts at its first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from .snapshot_spec import DAYS, Spec

ONE_DAY = timedelta(days=1)

SURROUNDING_DAYS = 2
"""Local dates that are read besides, because zones differ by more than a day, and a zone may skip one."""

LONGEST_DISTANCE = timedelta(days=len(DAYS) + 2 * SURROUNDING_DAYS)
"""No two slots of a calendar that follow each other are further apart."""

PROMPTLY = timedelta(minutes=1)
"""A copy that is begun later than this after its slot is a late one."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A due time.

    :param day: local date
    :param instant: in UTC
    """

    day: date
    hour: int
    minute: int
    instant: datetime


@dataclass(frozen=True, slots=True)
class Timing:
    """The days and hours of one spec, at one minute."""

    days: frozenset[int]
    hours: frozenset[int]
    minute: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """All times at which copies of a set are made.

    :param timings: of each spec
    :param zone: name of the time zone, a known one
    """

    timings: frozenset[Timing]
    zone: str

    def __str__(self) -> str:
        """One text for one meaning; when it changes, only later slots count."""
        timings = sorted(
            "@".join(
                (
                    ",".join(DAYS[day] for day in sorted(timing.days)),
                    ",".join(f"{hour}:{timing.minute:02d}" for hour in sorted(timing.hours)),
                )
            )
            for timing in self.timings
        )
        return f"{'+'.join(timings)} {self.zone}"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The slots around a moment.

    :param latest: the newest one that has begun
    :param following: the first one that has not
    """

    latest: Slot
    following: Slot


@dataclass(frozen=True, slots=True)
class DueSlot:
    """A slot for which a copy is to be made now.

    :param is_late: whether its time has passed for longer than ``PROMPTLY``
    """

    slot: Slot
    is_late: bool


def calendar_of(specs: Iterable[Spec], minute: int, zone: str) -> Calendar:
    """The times of some specs; those without times add none.

    :param specs: of one set
    :param minute: of the hour at which copies are made
    :param zone: name of the time zone, a known one
    """
    return Calendar(frozenset(Timing(spec.days, spec.hours, minute) for spec in specs if spec.has_times), zone)


def slots_between(calendar: Calendar, after: datetime, until: datetime) -> list[Slot]:
    """The slots whose instants are later than one moment and not later than another, in their order.

    :param after: in UTC
    :param until: in UTC
    """
    zone = ZoneInfo(calendar.zone)
    first = after.astimezone(zone).date() - SURROUNDING_DAYS * ONE_DAY
    last = until.astimezone(zone).date() + SURROUNDING_DAYS * ONE_DAY
    days = (first + number * ONE_DAY for number in range((last - first).days + 1))
    return _ordered(slot for day in days for slot in _slots_of(calendar, day, zone) if after < slot.instant <= until)


def latest_slot(calendar: Calendar, now: datetime) -> Slot | None:
    """The newest slot that has begun, None for a calendar without times.

    :param now: in UTC
    """
    return _nearest(calendar, now, -1)


def next_slot(calendar: Calendar, now: datetime) -> Slot | None:
    """The first slot that has not begun, None for a calendar without times.

    :param now: in UTC
    """
    return _nearest(calendar, now, 1)


def upcoming_slots(calendar: Calendar, now: datetime) -> Iterator[Slot]:
    """All slots that have not begun, in their order.

    :param now: in UTC
    """
    slot = next_slot(calendar, now)
    while slot is not None:
        yield slot
        slot = next_slot(calendar, slot.instant)


def neighbours(calendar: Calendar, now: datetime) -> Neighbours | None:
    """The slots around a moment, None for a calendar without times.

    :param now: in UTC
    """
    latest, following = latest_slot(calendar, now), next_slot(calendar, now)
    return None if latest is None or following is None else Neighbours(latest, following)


def due_slot(
    around: Neighbours,
    last: datetime | None,
    since: datetime,
    now: datetime,
    grace: timedelta,
    delay: timedelta = timedelta(),
) -> DueSlot | None:
    """The slot for which a copy is to be made now, None when there is none.

    Of missed slots only the newest counts, while less than half the time to the next one has passed.

    :param around: the slots around the present moment
    :param last: instant of the last slot that was begun, None for none
    :param since: since when the calendar holds: earlier slots do not count
    :param now: in UTC
    :param grace: how late a copy may be begun at most
    :param delay: how much later than their slots copies are begun, so that not all are at once
    """
    slot = around.latest
    lateness = now - slot.instant - delay
    if slot.instant < since or (last is not None and slot.instant <= last) or lateness < timedelta():
        return None
    distance = around.following.instant - slot.instant
    if lateness > PROMPTLY and (lateness > grace or lateness * 2 >= distance):
        return None
    return DueSlot(slot, lateness > PROMPTLY)


def has_jumped_forward(before: datetime, now: datetime, elapsed: timedelta, grace: timedelta) -> bool:
    """Whether the clock was set forward by more than the longest lateness.

    :param before: what the clock said at an earlier reading
    :param now: what it says
    :param elapsed: what a clock that nobody sets says has passed
    :param grace: how late a copy may be begun at most
    """
    return now - before - elapsed > grace


def _slots_of(calendar: Calendar, day: date, zone: ZoneInfo) -> Iterator[Slot]:
    for timing in calendar.timings:
        if day.weekday() in timing.days:
            for hour in timing.hours:
                local = datetime.combine(day, time(hour, timing.minute), zone)
                yield Slot(day, hour, timing.minute, local.astimezone(timezone.utc))


def _ordered(slots: Iterable[Slot]) -> list[Slot]:
    """The slots by their instants; of those on one instant the first."""
    by_instant: dict[datetime, Slot] = {}
    for slot in sorted(slots, key=lambda each: (each.instant, each.day, each.hour)):
        by_instant.setdefault(slot.instant, slot)
    return list(by_instant.values())


def _nearest(calendar: Calendar, now: datetime, direction: int) -> Slot | None:
    """The nearest slot in one direction: not after the moment, or after it."""
    zone = ZoneInfo(calendar.zone)
    today = now.astimezone(zone).date()
    found: list[Slot] = []
    left = LONGEST_DISTANCE.days
    day = today - direction * SURROUNDING_DAYS * ONE_DAY
    while left > 0:
        here = [slot for slot in _slots_of(calendar, day, zone) if (slot.instant > now) is (direction > 0)]
        if here and not found:
            left = SURROUNDING_DAYS + 1  # days in which the zone may have moved a nearer one
        found.extend(here)
        day += direction * ONE_DAY
        left -= 1
    ordered: Sequence[Slot] = _ordered(found)
    if not ordered:
        return None
    return ordered[0 if direction > 0 else -1]
