"""Slots: each once, at the right instant, in every zone and on the days when its clock is changed (snapshots 4.2)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice

import pytest

from fiwareglancesync.snapshots.schedule.snapshot_slots import (
    Calendar,
    calendar_of,
    due_slot,
    has_jumped_forward,
    latest_slot,
    neighbours,
    next_slot,
    slots_between,
    upcoming_slots,
)
from fiwareglancesync.snapshots.schedule.spec_reader import read_spec

MADRID, LORD_HOWE = "Europe/Madrid", "Australia/Lord_Howe"
GRACE = timedelta(hours=6)
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def calendar(*texts: str, minute: int = 0, zone: str = "UTC") -> Calendar:
    specs = [read_spec(text).spec for text in texts]
    return calendar_of([spec for spec in specs if spec is not None], minute, zone)


def instants(found: Calendar, after: str, count: int) -> list[str]:
    return [f"{slot.instant:%m-%d %H:%M}" for slot in islice(upcoming_slots(found, utc(after)), count)]


@pytest.mark.parametrize(
    ("spec", "after", "expected"),
    [
        ("7", "2026-03-10 12:00", ["03-11 00:00", "03-12 00:00"]),
        ("7@2,4", "2026-03-10 02:00", ["03-10 04:00", "03-11 02:00"]),
        ("7@mon-fri@6", "2026-03-13 06:00", ["03-16 06:00", "03-17 06:00"]),
        ("7@sun", "2026-03-10 12:00", ["03-15 00:00", "03-22 00:00"]),
        ("7@fri-mon@1,23", "2026-03-12 23:30", ["03-13 01:00", "03-13 23:00"]),
        ("7@-", "2026-03-10 12:00", []),
        ("0@2,4", "2026-03-10 12:00", []),
    ],
)
def test_the_next_slots_of_a_spec(spec: str, after: str, expected: list[str]) -> None:
    assert instants(calendar(spec), after, 2) == expected


def test_a_time_that_is_skipped_is_as_much_later() -> None:
    found = calendar("7@1,2,3", minute=15, zone=MADRID)
    assert instants(found, "2026-03-28 23:30", 3) == ["03-29 00:15", "03-29 01:15", "03-29 23:15"]
    [skipped] = slots_between(found, utc("2026-03-29 00:30"), utc("2026-03-29 02:00"))
    assert (skipped.hour, skipped.instant) == (2, utc("2026-03-29 01:15"))


def test_a_time_that_is_repeated_counts_at_its_first_occurrence() -> None:
    found = calendar("7@2,3", minute=15, zone=MADRID)
    assert instants(found, "2026-10-24 12:00", 3) == ["10-25 00:15", "10-25 02:15", "10-26 01:15"]


def test_a_gap_of_half_an_hour_may_turn_the_order_of_slots() -> None:
    found = calendar("7@2", minute=15, zone=LORD_HOWE)
    assert instants(found, "2026-10-02 16:00", 2) == ["10-03 15:45", "10-04 15:15"]


def test_a_day_that_is_skipped_is_the_next_one() -> None:
    found = calendar("7@2", zone="Pacific/Apia")
    slots = slots_between(found, datetime(2011, 12, 29, 12, tzinfo=timezone.utc), utc("2012-01-01 00:00"))
    assert [(slot.day.isoformat(), f"{slot.instant:%d %H:%M}") for slot in slots] == [
        ("2011-12-30", "30 12:00"),
        ("2012-01-01", "31 12:00"),
    ]


def test_specs_of_one_set_have_the_union_of_their_times() -> None:
    found = calendar("7@mon@2", "3@mon,tue@4", "0@9", zone="UTC")
    assert instants(found, "2026-03-08 12:00", 4) == ["03-09 02:00", "03-09 04:00", "03-10 04:00", "03-16 02:00"]


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (calendar("7@2,4"), calendar("5@4,2"), True),
        (calendar("7@2,4"), calendar("7@2,5"), False),
        (calendar("7@2"), calendar("7@2", minute=1), False),
        (calendar("7@2"), calendar("7@2", zone=MADRID), False),
        (calendar("7@mon", "5@tue"), calendar("5@tue", "7@mon"), True),
    ],
)
def test_a_calendar_has_one_text_whatever_the_count_is(one: Calendar, other: Calendar, are_equal: bool) -> None:
    assert (str(one) == str(other)) is are_equal
    assert (one == other) is are_equal


class TestDueSlots:
    """``7@2,12``: the slots are 10 and 14 hours apart."""

    CALENDAR = calendar("7@2,12")

    def due(self, now: str, last: str | None = None, since: datetime = LONG_AGO) -> str | None:
        around = neighbours(self.CALENDAR, utc(now))
        assert around is not None
        found = due_slot(around, None if last is None else utc(last), since, utc(now), GRACE)
        return None if found is None else f"{found.slot.instant:%d %H:%M}{' late' if found.is_late else ''}"

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2026-03-10 02:00", "10 02:00"),
            ("2026-03-10 02:01", "10 02:00"),
            ("2026-03-10 02:01:01", "10 02:00 late"),
            ("2026-03-10 06:59:59", "10 02:00 late"),
            ("2026-03-10 07:00", None),  # half of the 10 hours to the next slot
            ("2026-03-10 11:59:59", None),
            ("2026-03-10 18:00", "10 12:00 late"),
            ("2026-03-10 18:00:01", None),  # more than the grace, and less than half of 14 hours
        ],
    )
    def test_the_newest_missed_slot_is_taken_late_while_it_is_worthwhile(self, now: str, expected: str | None) -> None:
        assert self.due(now) == expected

    def test_a_slot_that_was_begun_is_not_due_again(self) -> None:
        assert self.due("2026-03-10 02:05", last="2026-03-10 02:00") is None
        assert self.due("2026-03-10 02:05", last="2026-03-09 12:00") == "10 02:00 late"

    def test_a_clock_that_is_set_back_repeats_no_slot(self) -> None:
        assert self.due("2026-03-09 12:00", last="2026-03-10 02:00") is None
        assert self.due("2026-03-10 12:00", last="2026-03-10 02:00") == "10 12:00"

    def test_a_calendar_has_no_slots_before_it_was_changed(self) -> None:
        assert self.due("2026-03-10 02:05", since=utc("2026-03-10 02:01")) is None
        assert self.due("2026-03-10 12:00", since=utc("2026-03-10 02:01")) == "10 12:00"

    @pytest.mark.parametrize(
        ("now", "is_due", "is_late"), [("02:09", False, False), ("02:10", True, False), ("02:12", True, True)]
    )
    def test_a_copy_that_is_delayed_to_spread_the_load_is_not_late(self, now: str, is_due: bool, is_late: bool) -> None:
        moment = utc(f"2026-03-10 {now}")
        around = neighbours(self.CALENDAR, moment)
        assert around is not None
        due = due_slot(around, None, LONG_AGO, moment, GRACE, timedelta(minutes=10))
        assert (due is not None, due is not None and due.is_late) == (is_due, is_late)


def test_a_calendar_without_times_has_no_slots() -> None:
    found = calendar("7@-")
    assert latest_slot(found, utc("2026-03-10 02:00")) is None
    assert next_slot(found, utc("2026-03-10 02:00")) is None
    assert neighbours(found, utc("2026-03-10 02:00")) is None


@pytest.mark.parametrize(
    ("now", "elapsed", "has_jumped"),
    [("12:00", 12, False), ("18:00", 12, False), ("18:01", 12, True), ("11:00", 12, False)],
)
def test_a_clock_jumps_when_it_goes_on_by_more_than_the_grace(now: str, elapsed: int, has_jumped: bool) -> None:
    before, after = utc("2026-03-10 00:00"), utc(f"2026-03-10 {now}")
    assert has_jumped_forward(before, after, timedelta(hours=elapsed), GRACE) is has_jumped
