"""When a volume is due: the previous due time and its interval (volumes 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.planning.backup_schedule import CLOCK_TOLERANCE, NEVER, next_due, retry_delay
from fiwareglancesync.volumes.planning.backup_window import BackupWindow
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState
from tests.support.volumes import DAY, HOUR, MINUTE, NOW, make_record

INTERVAL = 86400
NIGHT = BackupWindow(22 * 60, 6 * 60, ZoneInfo("UTC"))

intervals = st.sampled_from([3600, 4 * 3600, 86400, 7 * 86400])
windows = st.none() | st.builds(
    BackupWindow,
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from([ZoneInfo("Europe/Madrid"), ZoneInfo("UTC")]),
).filter(lambda window: window.opens != window.closes)


def failed(due: datetime, finished: datetime | None = None, id: str = "f") -> BackupRecord:
    return make_record(id, due, state=RecordState.FAILED, finished=finished or due + 5 * MINUTE)


def test_a_volume_that_was_never_backed_up_is_due_at_once_and_comes_first() -> None:
    found = next_due([], INTERVAL, NOW.replace(microsecond=7))
    assert (found.due, found.since, found.is_due) == (NOW, NEVER, True)


def test_the_next_due_time_is_an_interval_after_the_previous_one_however_long_the_backup_took() -> None:
    last = make_record(due=NOW - HOUR, finished=NOW - MINUTE)
    found = next_due([last], INTERVAL, NOW)
    assert (found.due, found.is_due, found.why) == (NOW + DAY - HOUR, False, "it is not due yet")
    assert next_due([last], INTERVAL, NOW + DAY - HOUR).is_due


def test_missed_due_times_are_skipped_and_the_series_goes_on() -> None:
    last = make_record(due=NOW - 5 * DAY - HOUR)
    found = next_due([last], INTERVAL, NOW)
    assert (found.due, found.since, found.is_due) == (NOW - HOUR, NOW - 4 * DAY - HOUR, True)
    later = next_due([last, make_record("r2", found.due)], INTERVAL, NOW)
    assert (later.due, later.is_due) == (NOW + DAY - HOUR, False)


def test_a_lost_backup_is_made_at_the_next_due_time() -> None:
    last = make_record(due=NOW - HOUR, state=RecordState.LOST)
    assert next_due([last], INTERVAL, NOW).due == NOW + DAY - HOUR


@pytest.mark.parametrize(
    ("failures", "hours"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 24), (7, 24), (10**6, 24)]
)
def test_after_a_failure_the_delay_is_doubled_up_to_the_interval(failures: int, hours: int) -> None:
    assert retry_delay(failures, INTERVAL) == hours * 3600


def test_the_delay_counts_from_the_end_of_the_failure() -> None:
    good, first = make_record(due=NOW - 3 * DAY), failed(NOW - DAY)
    assert next_due([good, first], INTERVAL, NOW).since == NOW - DAY + 5 * MINUTE + HOUR
    second = failed(NOW - 10 * MINUTE, NOW - 2 * MINUTE, "f2")
    found = next_due([second, good, first], INTERVAL, NOW)
    assert (found.due, found.is_due) == (NOW - 2 * MINUTE + 2 * HOUR, False)
    assert found.why == "it failed, and is tried again later"


def test_a_success_ends_the_doubling() -> None:
    history = [failed(NOW - 3 * DAY, id="1"), make_record("2", NOW - 2 * DAY), failed(NOW - HOUR, NOW - HOUR, "3")]
    assert next_due(history, INTERVAL, NOW).due == NOW


def test_a_planned_backup_is_carried_out_for_its_due_time() -> None:
    planned = make_record(due=NOW - MINUTE, state=RecordState.PLANNED)
    assert next_due([planned], INTERVAL, NOW).due == NOW - MINUTE
    assert next_due([replace(planned, due=NOW - DAY - HOUR)], INTERVAL, NOW).due == NOW - HOUR


def test_outside_of_the_window_a_volume_waits_for_the_opening() -> None:
    found = next_due([], INTERVAL, NOW, NIGHT)
    assert (found.due, found.is_due, found.why) == (NOW + 10 * HOUR, False, "the backup window is closed")
    found = next_due([make_record(due=NOW - DAY - HOUR)], INTERVAL, NOW, NIGHT)
    assert (found.due, found.since, found.is_due) == (NOW + 10 * HOUR, NOW - HOUR, False)


def test_the_series_goes_on_from_the_opening() -> None:
    opening = NOW + 10 * HOUR
    found = next_due([make_record(due=NOW - DAY)], INTERVAL, opening + 3 * MINUTE, NIGHT)
    assert (found.due, found.since, found.is_due) == (opening, NOW, True)
    assert found.limit == opening + 8 * HOUR
    assert next_due([make_record(due=opening)], INTERVAL, opening + HOUR, NIGHT).due == opening + DAY


def test_a_due_time_outside_of_the_window_becomes_the_next_opening() -> None:
    found = next_due([make_record(due=NOW - 12 * HOUR)], INTERVAL, NOW - 8 * HOUR, NIGHT)
    assert (found.due, found.why) == (NOW + 12 * HOUR, "it is not due yet")
    found = next_due([make_record(due=NOW - 12 * HOUR)], 18 * 3600, NOW, NIGHT)
    assert (found.due, found.since) == (NOW + 10 * HOUR, NOW + 6 * HOUR)


def test_a_volume_that_waits_for_its_state_has_failed_at_the_next_due_time_when_there_is_no_window() -> None:
    assert next_due([make_record(due=NOW - DAY)], INTERVAL, NOW).limit == NOW + DAY
    assert next_due([], INTERVAL, NOW).limit is None


def test_a_small_step_of_the_clock_makes_no_second_backup() -> None:
    ahead = make_record(due=NOW + CLOCK_TOLERANCE)
    assert not next_due([ahead], INTERVAL, NOW).is_due


def test_a_due_time_of_a_clock_that_was_years_ahead_does_not_stop_the_backups() -> None:
    wrong = make_record("wrong", NOW + 3650 * DAY)
    assert next_due([wrong], INTERVAL, NOW).is_due
    found = next_due([make_record("right", NOW - HOUR), wrong], INTERVAL, NOW)
    assert (found.due, found.is_due) == (NOW + DAY - HOUR, False)


def test_a_failure_that_ended_before_its_due_time_is_tried_again_for_a_later_one() -> None:
    """The clock was set back meanwhile."""
    last = failed(NOW, NOW - 90 * MINUTE)
    found = next_due([last], 3600, NOW + MINUTE)
    assert found.is_due
    assert found.due > last.due


def test_a_failure_that_ended_in_the_future_does_not_stop_the_backups() -> None:
    last = failed(NOW - 2 * HOUR, NOW + 3650 * DAY)
    assert next_due([last], INTERVAL, NOW).is_due


steps = st.lists(
    st.tuples(
        st.integers(-3 * 3600, 40 * 3600),
        st.sampled_from([RecordState.GOOD, RecordState.FAILED, RecordState.LOST]),
    ),
    max_size=25,
)


@given(steps, intervals, windows)
def test_no_volume_is_backed_up_twice_for_one_due_time_whatever_the_clock_does(
    made: list[tuple[int, RecordState]], interval: int, window: BackupWindow | None
) -> None:
    now, history = NOW, list[BackupRecord]()
    for number, (seconds, state) in enumerate(made):
        now += timedelta(seconds=seconds)
        found = next_due(history, interval, now, window)
        assert found.due.microsecond == 0
        assert found.is_due == (found.due <= now and (window is None or window.is_open(now)))
        if found.is_due:
            assert found.due not in {record.due for record in history}
            assert window is None or window.is_open(found.due)
            finished = now if state is RecordState.FAILED else None
            history.append(make_record(str(number), found.due, state=state, finished=finished))


@given(st.integers(1, 10**7), intervals, windows)
def test_a_wait_is_never_longer_than_an_interval_and_the_next_opening(
    seconds: int, interval: int, window: BackupWindow | None
) -> None:
    now = NOW + timedelta(seconds=seconds)
    found = next_due([make_record(due=NOW)], interval, now, window)
    latest = now + timedelta(seconds=interval)
    assert found.due <= (latest if window is None else window.next_opening(latest))
