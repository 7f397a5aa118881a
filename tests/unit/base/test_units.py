"""Sizes and times as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.units import MIB, clock_duration, readable_duration, readable_part, readable_size


@pytest.mark.parametrize(
    ("seconds", "text", "clock"),
    [
        (0, "0 s", "0:00"),
        (0.6, "1 s", "0:01"),
        (42, "42 s", "0:42"),
        (252.4, "4 min 12 s", "4:12"),
        (3600, "1 h", "1:00:00"),
        (90061, "1 d 1 h 1 min 1 s", "25:01:01"),
    ],
)
def test_durations(seconds: float, text: str, clock: str) -> None:
    assert (readable_duration(seconds), clock_duration(seconds)) == (text, clock)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0 KiB"),
        (1, "0.0 KiB"),
        (512 * 1024, "512.0 KiB"),
        (13 * MIB, "13.0 MiB"),
        (1000 * MIB, "1.0 GiB"),
        (41.2 * 1024 * MIB, "41.2 GiB"),
        (3 * 2**40, "3.0 TiB"),
    ],
)
def test_sizes_have_the_largest_unit_that_fits(size: float, text: str) -> None:
    assert readable_size(size) == text


def test_a_part_has_the_unit_of_the_whole() -> None:
    assert readable_part(1.2 * 2**30, 41.2 * 2**30) == "1.2/41.2 GiB"
    assert readable_part(MIB, 41.2 * 2**30) == "0.0/41.2 GiB"


@given(st.integers(0, 2**60))
def test_no_size_has_more_than_three_digits_before_the_point(size: int) -> None:
    number, unit = readable_size(size).split()
    assert len(number) <= 5 or unit == "PiB"
