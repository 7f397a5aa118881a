"""How long refusals are waited for, and how often that is text."""

from __future__ import annotations

import logging

import pytest

from fiwareglancesync.base.errors import Throttled
from fiwareglancesync.base.units import duration
from fiwareglancesync.images.places import Wait
from fiwareglancesync.openstack.refusals import MAX_OWN_WAIT_SECONDS, Refusals, Waits, wait_for


def asked(seconds: float | None = None) -> Throttled:
    return Throttled("Slow down.", status=429, retry_after=seconds)


def all_waits(refusals: Refusals, error: Throttled) -> list[float]:
    """Each wait until it is given up."""
    made: list[float] = []
    while True:
        try:
            made.append(refusals.next_wait(error))
        except Throttled:
            return made


@pytest.mark.parametrize(
    ("limit", "seconds", "waits"), [(60.0, 60.0, [60.0]), (60.0, 40.0, [40.0, 40.0]), (60.0, 61.0, [])]
)
def test_a_named_wait_is_made_as_it_is_for_at_least_the_limit(limit: float, seconds: float, waits: list[float]) -> None:
    assert all_waits(Refusals(limit), asked(seconds)) == waits


@pytest.mark.parametrize("seconds", [None, 0.0, 0.001])
def test_without_a_named_one_the_pauses_grow_up_to_a_bound(seconds: float | None) -> None:
    waits = all_waits(Refusals(300.0), asked(seconds))
    assert 0.5 <= waits[0] <= 1.0
    assert all(wait <= MAX_OWN_WAIT_SECONDS for wait in waits)
    assert 300.0 <= sum(waits) <= 300.0 + MAX_OWN_WAIT_SECONDS
    assert len(waits) < 30


def test_why_it_is_given_up_is_reported_with_the_key() -> None:
    refusals = Refusals(60.0)
    refusals.next_wait(asked(60.0))
    with pytest.raises(Throttled, match=r"^Slow down\.; refused for 1min, retry_timeout is 1min$") as caught:
        refusals.next_wait(asked(60.0))
    assert (caught.value.retryable, caught.value.status) == (False, 429)
    with pytest.raises(Throttled, match=r"^Slow down\.; it asks to wait 3h, retry_timeout allows 1min$"):
        Refusals(60.0).next_wait(asked(10800.0))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.2, "1s"), (60.0, "1min"), (90.0, "1min30s"), (10800.0, "3h"), (90061.0, "1d1h1min1s")],
)
def test_times_are_written_as_in_the_configuration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_wait_reports_who_why_and_how_long() -> None:
    named = wait_for("Burgos: Glance", "Burgos", 90.0, asked(90.0))
    assert named == Wait("Burgos", 90.0, "Burgos: Glance: Slow down.; waiting 1min30s, as it asks")
    own = wait_for("", "", 4.0, asked())
    assert own == Wait("", 4.0, "Slow down.; waiting 4s, then it is tried again")


class TestTelling:
    @pytest.fixture
    def clock(self) -> list[float]:
        """The time; set it."""
        return [100.0]

    @pytest.fixture
    def reported(self) -> list[Wait]:
        return []

    @pytest.fixture
    def waits(self, reported: list[Wait], clock: list[float]) -> Waits:
        made = Waits(lambda: clock[0])
        made.listen(reported.append)
        return made

    def test_several_that_wait_for_one_service_are_one(
        self, waits: Waits, reported: list[Wait], clock: list[float]
    ) -> None:
        waits.report("glance", Wait("Burgos", 30.0, "first"))
        clock[0] += 1.0
        waits.report("glance", Wait("Burgos", 30.0, "same"))
        waits.report("glance", Wait("Burgos", 2.0, "shorter"))
        waits.report("other", Wait("Caceres", 30.0, "other"))
        waits.report("glance", Wait("Burgos", 60.0, "longer"))
        assert [wait.text for wait in reported] == ["first", "other", "longer"]

    def test_the_next_wait_is_reported_though_it_says_the_same(
        self, waits: Waits, reported: list[Wait], clock: list[float]
    ) -> None:
        for _ in range(3):
            waits.report("glance", Wait("Burgos", 1.0, "again"))
            clock[0] += 1.0
        assert len(reported) == 3

    def test_a_moment_is_not_worth_a_line(self, waits: Waits, reported: list[Wait]) -> None:
        waits.report("glance", Wait("Burgos", 0.9, "short"))
        assert reported == []

    def test_without_a_listener_the_log_is_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "glancesync"):
            Waits().report("glance", Wait("Burgos", 5.0, "wait 100%"))
        assert caplog.messages == ["wait 100%"]
