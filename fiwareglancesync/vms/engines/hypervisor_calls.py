"""Calls of libvirt that a hypervisor has to answer, and may never (vms 3)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

from ...base.waiting import TooLate, returned_within

T = TypeVar("T")


class HypervisorCalls:
    """Makes such calls, one after the other, over a connection that no other thread uses.

    In libvirt 9.0 the calls of all other threads that use a connection may not be sent as long as one is not answered.

    :param connect: opens a connection
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._connection: Any = None

    def call(self, machine: str, seconds: float, act: Callable[[Any], T]) -> T:
        """What a call returns, or raises.

        :param machine: UUID
        :param seconds: how long it may take
        :param act: makes the call, with what libvirt has for the virtual machine
        :raises TooLate: it has not returned; the next call takes another connection
        """
        if seconds <= 0:
            raise TooLate
        connection, self._connection = self._connection, None
        is_given_up = Event()

        def answer() -> tuple[Any, T]:
            used = connection or self._connect()
            found = used.lookupByUUIDString(machine)
            if is_given_up.is_set():  # what is begun now would be looked for by nobody
                raise TooLate
            return used, act(found)

        try:
            # After an error the next call takes another connection, too.
            self._connection, found = returned_within(seconds, answer)
        except BaseException:
            is_given_up.set()
            raise
        return found
