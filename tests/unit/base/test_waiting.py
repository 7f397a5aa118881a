"""Waits for what may never come."""

from __future__ import annotations

from threading import Event

import pytest

from fiwareglancesync.base.waiting import TooLate, returned_within


def test_what_a_call_returns_or_raises_is_had() -> None:
    assert returned_within(60, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        returned_within(60, lambda: 1 // 0)


def test_a_call_that_does_not_return_is_left_behind() -> None:
    never = Event()
    with pytest.raises(TooLate):
        returned_within(0.01, never.wait)
    never.set()
