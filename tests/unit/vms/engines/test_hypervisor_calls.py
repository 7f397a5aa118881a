"""Calls that a hypervisor may never answer, each over a connection that no other thread uses."""

from __future__ import annotations

from threading import Event, Thread, current_thread
from types import SimpleNamespace
from typing import Any

import pytest

from fiwareglancesync.base.waiting import TooLate
from fiwareglancesync.vms.engines.hypervisor_calls import HypervisorCalls


class Connections:
    """Opens connections, which have every virtual machine."""

    def __init__(self) -> None:
        self.opened: list[Any] = []

    def __call__(self) -> Any:
        number = len(self.opened) + 1
        self.opened.append(SimpleNamespace(lookupByUUIDString=lambda id: (number, id)))
        return self.opened[-1]


def test_calls_that_are_answered_use_one_connection() -> None:
    calls = HypervisorCalls(connections := Connections())
    assert [calls.call("web", 60, lambda found: found) for _ in range(3)] == [(1, "web")] * 3
    assert len(connections.opened) == 1


def test_the_connection_of_a_late_call_is_left_to_it() -> None:
    calls, goes_on = HypervisorCalls(Connections()), Event()
    with pytest.raises(TooLate):
        calls.call("web", 0.01, lambda found: goes_on.wait())
    assert calls.call("web", 60, lambda found: found) == (2, "web")
    goes_on.set()


def test_an_error_of_a_call_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        HypervisorCalls(Connections()).call("web", 60, lambda found: 1 // 0)


def test_what_has_not_begun_in_time_is_not_begun_later() -> None:
    goes_on, threads, begun = Event(), list[Thread](), list[Any]()

    def look(id: str) -> str:
        threads.append(current_thread())
        goes_on.wait()
        return id

    calls = HypervisorCalls(lambda: SimpleNamespace(lookupByUUIDString=look))
    with pytest.raises(TooLate):
        calls.call("web", 1, begun.append)
    goes_on.set()
    [late] = threads
    late.join()
    assert begun == []


def test_a_call_without_time_is_not_begun() -> None:
    calls = HypervisorCalls(connections := Connections())
    with pytest.raises(TooLate):
        calls.call("web", -1, lambda found: found)
    assert connections.opened == []
