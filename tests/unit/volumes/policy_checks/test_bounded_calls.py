"""Calls that are waited for only so long."""

from __future__ import annotations

from threading import Event

import pytest

from fiwareglancesync.volumes.policy_checks.bounded_calls import BoundedCalls, NoAnswer
from tests.support.conditions import wait_for


def test_a_call_gives_its_answer_or_its_error() -> None:
    calls = BoundedCalls(1, 5.0, "test")
    assert [calls.call(lambda: 7) for _ in range(3)] == [7, 7, 7]
    with pytest.raises(ZeroDivisionError):
        calls.call(lambda: 1 // 0)
    assert calls.call(lambda: 8) == 8


def test_silence_is_waited_for_only_so_long_and_further_calls_fail_at_once() -> None:
    calls, answer = BoundedCalls(1, 0.01, "test"), Event()
    with pytest.raises(NoAnswer, match="no answer within"):
        calls.call(answer.wait)
    with pytest.raises(NoAnswer, match="too many"):
        calls.call(lambda: pytest.fail("called"))
    answer.set()
    assert wait_for(lambda: _works(calls), "the end of the first call")


def _works(calls: BoundedCalls) -> bool:
    try:
        return calls.call(lambda: True)
    except NoAnswer:
        return False
