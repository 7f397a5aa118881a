"""Slots around every change of every zone's clock in ten years, and under clocks that are set (snapshots 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.snapshots.schedule.snapshot_slots import (
    Calendar,
    DueSlot,
    Timing,
    due_slot,
    latest_slot,
    neighbours,
    next_slot,
    slots_between,
)
from fiwareglancesync.snapshots.schedule.snapshot_spec import ALL_DAYS

FIRST, LAST = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2036, 12, 31, tzinfo=timezone.utc)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GRACE = timedelta(hours=6)


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """The first minute after each change of a zone's offset in ten years."""
    zone = ZoneInfo(name)
    found = []
    before = FIRST
    while before < LAST:
        after = before + DAY
        offset = before.astimezone(zone).utcoffset()
        if after.astimezone(zone).utcoffset() != offset:
            low, high = before, after
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            found.append(high)
        before = after
    return tuple(found)


@cache
def distinct_zones() -> tuple[str, ...]:
    """A zone for each behaviour in these years."""
    by_behaviour: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = [(change, change.astimezone(zone).utcoffset()) for change in changes(name)]
        by_behaviour.setdefault((FIRST.astimezone(zone).utcoffset(), *offsets), name)
    return tuple(by_behaviour.values())


def by_the_clock_on_the_wall(calendar: Calendar, after: datetime, until: datetime) -> list[datetime]:
    """The same, minute by minute: when the wall first shows a time, or by the old offset when it never does."""
    zone = ZoneInfo(calendar.zone)
    margin = 2 * DAY
    shown: dict[datetime, datetime] = {}
    minute = after - margin
    while minute <= until + margin:
        offset = minute.astimezone(zone).utcoffset()
        assert offset is not None
        wall = (minute + offset).replace(tzinfo=None)
        if wall.minute in {timing.minute for timing in calendar.timings}:
            shown.setdefault(wall, minute)
        minute += MINUTE
    found = set()
    day = after.date() - margin
    while day <= until.date() + margin:
        for timing in calendar.timings:
            for hour in timing.hours if day.weekday() in timing.days else ():
                wall = datetime(day.year, day.month, day.day, hour, timing.minute)
                found.add(shown.get(wall) or _by_old_offset(wall, zone))
        day += DAY
    return sorted(instant for instant in found if after < instant <= until)


def _by_old_offset(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time that the wall does not show: with the offset of a day before."""
    before = (wall - DAY).replace(tzinfo=zone).utcoffset()
    assert before is not None
    return (wall - before).replace(tzinfo=timezone.utc)


def test_there_are_changes_of_many_kinds() -> None:
    assert len(distinct_zones()) > 50
    assert sum(len(changes(name)) for name in distinct_zones()) > 500


def test_every_slot_around_every_change_is_at_its_instant() -> None:
    for name in distinct_zones():
        calendar = Calendar(frozenset({Timing(ALL_DAYS, frozenset(range(24)), 15)}), name)
        zone = ZoneInfo(name)
        for change in changes(name):
            slots = slots_between(calendar, change - 26 * HOUR, change + 26 * HOUR)
            found = [slot.instant for slot in slots]
            assert found == sorted(set(found))
            for slot in slots:
                wall = slot.instant.astimezone(zone)
                nominal = datetime(slot.day.year, slot.day.month, slot.day.day, slot.hour, slot.minute)
                before, after = (moment.astimezone(zone).utcoffset() for moment in (change - MINUTE, change))
                assert before is not None
                assert after is not None
                shift = wall.replace(tzinfo=None) - nominal
                assert wall.fold == 0
                assert shift in (timedelta(), after - before)
            shown = {
                (minute.astimezone(zone).date(), minute.astimezone(zone).hour)
                for minute in _quarters(change - 26 * HOUR, change + 26 * HOUR, zone)
            }
            assert {slot.instant.astimezone(zone).replace(tzinfo=None) for slot in slots} >= {
                datetime(day.year, day.month, day.day, hour, 15) for day, hour in shown
            }


def _quarters(after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments at which the wall shows a quarter past an hour."""
    moment = after + 15 * MINUTE - timedelta(minutes=after.minute % 15)
    while moment <= until:
        if moment.astimezone(zone).minute == 15:
            yield moment
        moment += 15 * MINUTE


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    timings = st.builds(
        Timing,
        st.frozensets(st.integers(0, 6), min_size=1),
        st.frozensets(st.integers(0, 23), min_size=1, max_size=6),
        st.sampled_from([0, 15, 30, 59]),
    )
    return Calendar(draw(st.frozensets(timings, min_size=1, max_size=2)), draw(st.sampled_from(distinct_zones())))


@st.composite
def moments(draw: st.DrawFn, calendar: Calendar) -> datetime:
    """A moment near a change of the zone's clock, or any other."""
    change = draw(st.sampled_from(changes(calendar.zone) or (FIRST + 400 * DAY,)))
    return change + draw(st.integers(-2 * 1440, 2 * 1440)) * MINUTE


@given(calendars(), st.data())
def test_slots_are_those_of_the_clock_on_the_wall(calendar: Calendar, data: st.DataObject) -> None:
    after = data.draw(moments(calendar))
    until = after + data.draw(st.integers(0, 1440)) * MINUTE
    found = [slot.instant for slot in slots_between(calendar, after, until)]
    assert found == by_the_clock_on_the_wall(calendar, after, until)


@given(calendars(), st.data())
def test_the_latest_and_the_next_slot_are_neighbours(calendar: Calendar, data: st.DataObject) -> None:
    now = data.draw(moments(calendar))
    latest, following = latest_slot(calendar, now), next_slot(calendar, now)
    around = slots_between(calendar, now - 12 * DAY, now + 12 * DAY)
    begun = [slot for slot in around if slot.instant <= now]
    assert latest == begun[-1]
    assert following == around[len(begun)]


def due_now(calendar: Calendar, last: datetime | None, since: datetime, now: datetime) -> DueSlot | None:
    around = neighbours(calendar, now)
    assert around is not None
    return due_slot(around, last, since, now, GRACE)


@given(calendars(), st.data())
def test_a_program_that_looks_often_takes_each_slot_once_and_promptly(calendar: Calendar, data: st.DataObject) -> None:
    begun = data.draw(moments(calendar))
    last, now = None, begun
    taken = []
    while now < begun + DAY:
        due = due_now(calendar, last, begun, now)
        if due is not None:
            assert not due.is_late
            last = due.slot.instant
            taken.append(last)
        now += MINUTE
    assert taken == [slot.instant for slot in slots_between(calendar, begun - MINUTE, now - MINUTE)]


@given(calendars(), st.data())
def test_whatever_the_clock_says_no_slot_is_taken_twice_nor_too_late(calendar: Calendar, data: st.DataObject) -> None:
    begun = data.draw(moments(calendar))
    steps = data.draw(st.lists(st.integers(-2000, 4000), max_size=30))
    last, now = None, begun
    for step in steps:
        now += step * MINUTE
        due = due_now(calendar, last, begun, now)
        if due is not None:
            instant = due.slot.instant
            assert begun <= instant <= now
            assert last is None or instant > last
            assert not slots_between(calendar, instant, now)
            following = next_slot(calendar, instant)
            assert following is not None
            late = now - instant
            assert late <= MINUTE or (late <= GRACE and 2 * late < following.instant - instant)
            last = instant
