"""Backups begin within the window, by the clock on the wall, also on the days when that is changed (volumes 2)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.planning.backup_window import BackupWindow, window_of
from fiwareglancesync.volumes.volume_model import VolumeSettings

ZONES = ["UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]
MADRID = ZoneInfo("Europe/Madrid")
MINUTE = timedelta(minutes=1)

windows = st.builds(
    BackupWindow, st.integers(0, 1439), st.integers(0, 1439), st.sampled_from([ZoneInfo(name) for name in ZONES])
).filter(lambda window: window.opens != window.closes)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(timezone.utc))
changes = st.builds(
    lambda day, minutes: datetime.combine(date(*day), time(), timezone.utc) + timedelta(minutes=minutes),
    st.sampled_from([(2026, 3, 28), (2026, 3, 8), (2026, 10, 24), (2026, 11, 1), (2026, 4, 4), (2026, 10, 3)]),
    st.integers(0, 2 * 1440),
)
any_moment = moments | changes


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def madrid(opens: str, closes: str) -> BackupWindow:
    return BackupWindow(minutes(opens), minutes(closes), MADRID)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-01-10 20:59:59", False),
        ("2026-01-10 21:00", True),
        ("2026-01-10 23:30", True),
        ("2026-01-11 04:59:59", True),
        ("2026-01-11 05:00", False),
        ("2026-07-10 20:00", True),
        ("2026-07-11 04:00", False),
    ],
)
def test_a_window_may_cross_midnight_and_is_meant_in_its_zone(moment: str, is_open: bool) -> None:
    assert madrid("22:00", "06:00").is_open(utc(moment)) is is_open


@pytest.mark.parametrize(
    ("window", "moment", "opening"),
    [
        (madrid("22:00", "06:00"), "2026-01-10 12:00", "2026-01-10 21:00"),
        (madrid("22:00", "06:00"), "2026-01-10 22:00:07", "2026-01-10 22:00:07"),
        (madrid("09:00", "10:00"), "2026-03-28 12:00", "2026-03-29 07:00"),  # after the clock went forward
        (madrid("09:00", "10:00"), "2026-10-24 12:00", "2026-10-25 08:00"),  # after it went back
        (madrid("02:30", "04:00"), "2026-03-28 12:00", "2026-03-29 01:00"),  # 02:30 does not exist: 03:00 is the first
        (madrid("02:10", "02:50"), "2026-03-28 12:00", "2026-03-30 00:10"),  # nothing of it exists on that day
        (madrid("02:10", "02:50"), "2026-10-24 12:00", "2026-10-25 00:10"),
        (madrid("02:10", "02:50"), "2026-10-25 00:50", "2026-10-25 01:10"),  # there a second time
        (madrid("01:30", "02:30"), "2026-10-25 00:30", "2026-10-25 01:00"),  # the clock goes back into the window
    ],
)
def test_the_next_opening_is_found(window: BackupWindow, moment: str, opening: str) -> None:
    assert window.next_opening(utc(moment)) == utc(opening)


@pytest.mark.parametrize(
    ("window", "moment", "closing"),
    [
        (madrid("22:00", "06:00"), "2026-01-10 22:00", "2026-01-11 05:00"),
        (madrid("22:00", "06:00"), "2026-03-28 22:00", "2026-03-29 04:00"),
        (madrid("22:00", "06:00"), "2026-10-24 22:00", "2026-10-25 05:00"),
        (madrid("22:00", "02:30"), "2026-03-28 22:00", "2026-03-29 01:00"),  # 02:30 does not exist
        (madrid("22:00", "06:00"), "2026-01-11 06:00", "2026-01-11 06:00"),
    ],
)
def test_the_next_closing_is_found(window: BackupWindow, moment: str, closing: str) -> None:
    assert window.next_closing(utc(moment)) == utc(closing)


@given(windows, any_moment)
def test_an_opening_is_open_and_nothing_before_it(window: BackupWindow, moment: datetime) -> None:
    opening = window.next_opening(moment)
    assert opening >= moment
    assert window.is_open(opening)
    passed = (opening - moment) // MINUTE
    assert not any(window.is_open(moment + number * MINUTE) for number in range(passed))
    assert opening == moment or not window.is_open(opening - timedelta(seconds=1))


@given(windows, any_moment)
def test_a_closing_is_closed_and_everything_before_it_is_open(window: BackupWindow, moment: datetime) -> None:
    closing = window.next_closing(moment)
    assert closing >= moment
    assert not window.is_open(closing)
    passed = (closing - moment) // MINUTE
    assert all(window.is_open(moment + number * MINUTE) for number in range(passed))
    assert closing == moment or window.is_open(closing - timedelta(seconds=1))


def test_the_configured_window_is_used() -> None:
    assert window_of(VolumeSettings()) is None
    settings = VolumeSettings(backup_window=(22 * 60, 6 * 60), timezone="Europe/Madrid")
    assert window_of(settings) == madrid("22:00", "06:00")
