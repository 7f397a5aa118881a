"""Leases that one process holds at the same time, each for a piece of work of its own (design 5).

For a loop that works on many things, such as projects, and shares them with loops on other machines::

    with LeaseGroup(engine, run) as group:
        lease = group.take("project 42")
        if lease is not None:                       # else another process works on it
            if lease.outlives(30):                  # a request that takes 30 seconds at most may be sent
                ...
            with engine.begin() as connection:
                lease.guard(connection)             # raises LeaseLost, and nothing is written
                ...
            lease.give_back()

A thread prolongs all leases of a group with one transaction. Unlike a run that loses the lease of a region, a process
that loses one of these leases goes on: only the work under that lease ends. The database's clock decides whether a
lease has ended, so the clocks of the machines may differ. A process that died on this machine is not waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType

from sqlalchemy import Connection, Engine

from ..base.database import database_errors
from ..base.errors import DatabaseUnavailable, LeaseLost
from ..base.machine import this_boot
from .lease import USUAL_TIMING, Lease, LeaseTiming, give_back_all, renew_all

CHUNK = 400
"""Leases that one statement changes: databases limit the number of its parameters."""

log = logging.getLogger("glancesync")


class HeldLease:
    """One lease of a group.

    :param lease: its row in the database
    :param identity: what it is for, in words for people
    :param taken: when it was taken, by the database's clock, in seconds since the epoch
    :param valid_until: until when it is certainly valid, by the clock of the group's timing
    :param timing: how long it lasts
    """

    def __init__(self, lease: Lease, identity: str, taken: float, valid_until: float, timing: LeaseTiming) -> None:
        self.lease = lease
        self.identity = identity
        self.taken = taken
        self._valid_until = valid_until
        self._timing = timing
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Whether it was given back, or another process is known to have it."""
        return self._is_lost

    def outlives(self, seconds: float) -> bool:
        """Whether it is certainly valid for as long as a request may take, even if no renewal succeeds meanwhile.

        :param seconds: the time-out of the request
        """
        return not self._is_lost and self._timing.clock() + seconds < self._valid_until

    def guard(self, connection: Connection) -> None:
        """Make sure, as the first statement of a transaction, that what the transaction writes is written under it.

        No other process can take the lease before the transaction ends.

        :param connection: in a transaction
        :raises LeaseLost: another process has it
        """
        if self._is_lost or not self.lease.holds(connection):
            self.lose()
            raise LeaseLost(f"another process has taken over {self.identity}")

    def give_back(self) -> None:
        """Free it for others; what is still done under it fails with ``LeaseLost``.

        :raises DatabaseUnavailable: the database cannot be used; the lease ends by itself
        """
        if not self._is_lost:
            self.lose()
            with database_errors():
                self.lease.give_back()

    def lose(self) -> None:
        """Note that it is not this process's any more."""
        self._is_lost = True

    def prolong(self, valid_until: float) -> None:
        """Note that it was renewed.

        :param valid_until: until when it is certainly valid, by the clock of the group's timing
        """
        self._valid_until = valid_until


class LeaseGroup:
    """The leases of one process, renewed while the context lasts and given back at its end.

    :param engine: the database that the machines share, its tables in place
    :param run: id of the run, which is written into the rows
    :param timing: how long leases last, and how often they are renewed
    """

    def __init__(self, engine: Engine, run: str, timing: LeaseTiming = USUAL_TIMING) -> None:
        self._engine = engine
        self._run = run
        self._timing = timing
        self._held: list[HeldLease] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_regularly, name="leases", daemon=True)

    def __enter__(self) -> LeaseGroup:
        """Begin to renew."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give back all; those that cannot be given back end by themselves."""
        self._ended.set()
        chunks = list(_chunks(self._current()))
        for held in chain.from_iterable(chunks):
            held.lose()
        with suppress(DatabaseUnavailable), database_errors(), self._engine.begin() as connection:
            for chunk in chunks:
                give_back_all(connection, [held.lease for held in chunk])

    def take(self, identity: str) -> HeldLease | None:
        """Take a lease if no living process has it.

        :param identity: what it is for, in words for people
        :return: None when another process, or this one, has it
        :raises DatabaseUnavailable: the database cannot be used
        """
        begun = self._timing.clock()
        # No other machine may take this one's processes for its own: unlike a region, no lock of a file is held.
        lease = Lease(self._engine, identity, self._run, self._timing, this_boot())
        with database_errors():
            if not lease.take_if_free():
                return None
            held = HeldLease(lease, identity, lease.taken(), begun + self._timing.lease, self._timing)
        with self._lock:
            self._held.append(held)
        return held

    def renew(self) -> None:
        """Prolong all leases; those that another process has taken are lost.

        :raises DatabaseUnavailable: the database cannot be used
        """
        held = self._current()
        begun = self._timing.clock()
        kept: set[str] = set()
        if held:
            with database_errors(), self._engine.begin() as connection:
                for chunk in _chunks(held):
                    kept |= renew_all(connection, [each.lease for each in chunk], self._timing.lease)
        for each in held:
            if each.lease.token in kept:
                each.prolong(begun + self._timing.lease)
            elif not each.is_lost:
                each.lose()
                log.warning("Another process has taken over %s; this one stops working on it.", each.identity)

    def _current(self) -> list[HeldLease]:
        """The leases that are not known to be lost."""
        with self._lock:
            self._held = [held for held in self._held if not held.is_lost]
            return list(self._held)

    def _renew_regularly(self) -> None:
        while not self._ended.wait(self._timing.renewal):
            try:
                self.renew()
            except DatabaseUnavailable as error:
                log.warning("Leases cannot be renewed: %s", error)


def _chunks(held: list[HeldLease]) -> Iterator[list[HeldLease]]:
    return (held[start : start + CHUNK] for start in range(0, len(held), CHUNK))
