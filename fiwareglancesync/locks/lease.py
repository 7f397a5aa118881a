"""One writer a region on all machines: a row in the configured database beside this machine's lock (design 4.4)."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    Engine,
    Integer,
    Row,
    String,
    Table,
    and_,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..base.database import error_text, key_of, metadata, open_engine
from ..base.database_clock import NOW
from ..base.errors import LocksUnavailable, RegionLocked
from ..base.machine import is_running, this_machine

leases = Table(
    "leases",
    metadata,
    Column("identity", String(64), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("token", String(36), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Double, nullable=False),
    Column("expires", Double, nullable=False),
)

LONGEST_LEASE = 86_400.0
"""Seconds: a lease that ends later than this was written by a clock that was wrong, and was not renewed since."""

EXPIRED = or_(leases.c.expires < NOW, leases.c.expires > NOW + LONGEST_LEASE)

FREE = {"expires": 0.0, "token": ""}
"""The row of a lease that was given back; it keeps who had it."""

log = logging.getLogger("glancesync")


@dataclass(frozen=True)
class LeaseTiming:
    """How long leases last, and how often they are looked after; in seconds.

    :param lease: time after which a lease that is not renewed is free, by the database's clock (design 5); its holder
        stops earlier by the time between two renewals, counted from the moment before the last one was requested
    :param renewal: time between two renewals
    :param check: time between two checks of a holder whether its lease is still valid
    :param retry: time between two attempts to take a lease that another run holds
    :param clock: the clock of the holder, in seconds since any moment
    """

    lease: float = 60.0
    renewal: float = 10.0
    check: float = 1.0
    retry: float = 1.0
    clock: Callable[[], float] = time.monotonic


USUAL_TIMING = LeaseTiming()


@contextmanager
def leased(
    keys: tuple[str, ...], run: str, database: str, *, wait: bool, timing: LeaseTiming = USUAL_TIMING
) -> Iterator[str]:
    """Hold the leases of a place and project, all or none; the locks of this machine are held already.

    All runs take them in the same order, so that no two can wait for each other.

    :param keys: see ``PlaceIdentity.lock_keys``
    :param run: id of the run
    :param database: URL of the database that the machines share
    :param wait: wait for the holder instead of failing
    :param timing: how long they last
    :return: id of the run that held them last, "" when no run has, or several have
    :raises RegionLocked: another run holds one
    :raises LocksUnavailable: the database cannot be used
    """
    engine = open_engine(database)
    wanted = [Lease(engine, key, run, timing) for key in sorted(set(keys))]
    taken: list[Lease] = []
    holders: set[str] = set()
    try:
        # From the first on: waiting for the next one may take longer than a lease is valid.
        with _renewing(taken, timing):
            try:
                leases.create(engine, checkfirst=True)
                for lease in wanted:
                    holders.add(lease.take(wait=wait))
                    taken.append(lease)
            except SQLAlchemyError as error:
                text = f"the database of the locks cannot be used: {error_text(error)}; see database in [main]"
                raise LocksUnavailable(text) from error
            yield holders.pop() if len(holders) == 1 else ""
    finally:
        with suppress(SQLAlchemyError):  # they expire by themselves
            for lease in wanted:  # an interruption may come between taking one and noting it as taken
                lease.give_back()
        engine.dispose()


class Lease:
    """The row of one place and project.

    :param engine: the shared database
    :param identity: what is locked
    :param run: id of the run
    :param timing: how long it lasts
    :param host: where this process can be found by its number, None for ``this_machine``
    """

    def __init__(
        self, engine: Engine, identity: str, run: str, timing: LeaseTiming = USUAL_TIMING, host: str | None = None
    ) -> None:
        self._engine = engine
        self.key = key_of(identity)
        self.token = str(uuid.uuid4())
        self._run = run
        self._timing = timing
        self._host = host or this_machine()

    def take(self, *, wait: bool = False) -> str:
        """Take the lease.

        :param wait: wait for its holder
        :return: id of the run that had it last, "" when no run had
        :raises RegionLocked: another run has it
        """
        while True:
            holder = self._holder()
            if holder is None:
                if self._take_first():
                    return ""
            elif self._take_from(holder):
                return str(holder.run)
            elif wait or holder.run == self._run:
                time.sleep(self._timing.retry)
            else:
                raise RegionLocked.by(_process(holder))

    def take_if_free(self) -> bool:
        """Take the lease if it has expired by the database's clock, or its holder has died."""
        holder = self._holder()
        return self._take_first() if holder is None else self._take_from(holder)

    def _take_first(self) -> bool:
        """Make the row, unless another run makes it first."""
        with suppress(IntegrityError), self._engine.begin() as connection:
            connection.execute(insert(leases).values(identity=self.key, **self._mine()))
            return True
        return False

    def _take_from(self, holder: Row[Any]) -> bool:
        """Take the lease if it has expired or its holder has died, unless another run takes it first."""
        free = true() if self._is_dead(holder) else EXPIRED
        theirs = update(leases).where(leases.c.identity == self.key, leases.c.token == holder.token, free)
        with self._engine.begin() as connection:
            return connection.execute(theirs.values(**self._mine())).rowcount > 0

    def holds(self, connection: Connection) -> bool:
        """Whether the lease is still this one's; if so, nobody else takes it before the transaction ends.

        :param connection: in a transaction
        """
        return connection.execute(self._change().values(token=self.token)).rowcount > 0

    def taken(self) -> float:
        """When it was taken, by the database's clock, in seconds since the epoch; 0 when it is another run's."""
        mine = select(leases.c.started).where(leases.c.identity == self.key, leases.c.token == self.token)
        with self._engine.connect() as connection:
            return connection.execute(mine).scalar() or 0.0

    def renew(self) -> bool:
        """Prolong the lease; False when another run has it now."""
        with self._engine.begin() as connection:
            return connection.execute(self._change().values(expires=NOW + self._timing.lease)).rowcount > 0

    def give_back(self) -> None:
        """Free the lease; a renewal that is still under way has no effect. The row keeps who had it."""
        with self._engine.begin() as connection:
            connection.execute(self._change().values(FREE))

    def _change(self) -> Any:
        return update(leases).where(leases.c.identity == self.key, leases.c.token == self.token)

    def _holder(self) -> Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(select(leases).where(leases.c.identity == self.key)).first()

    def _is_dead(self, holder: Row[Any]) -> bool:
        """Whether the holder was a process of this machine and has died."""
        return bool(holder.host == self._host) and not is_running(holder.pid)

    def _mine(self) -> dict[str, Any]:
        return {
            "run": self._run,
            "token": self.token,
            "host": self._host,
            "pid": os.getpid(),
            "started": NOW,
            "expires": NOW + self._timing.lease,
        }


def renew_all(connection: Connection, held: Sequence[Lease], seconds: float) -> frozenset[str]:
    """Prolong several leases at once.

    :param connection: in a transaction
    :param held: few enough for one statement
    :param seconds: how long they last from now on
    :return: the tokens of those that nobody else has taken
    """
    mine = _of_all(held)
    connection.execute(update(leases).where(mine).values(expires=NOW + seconds))
    return frozenset(connection.execute(select(leases.c.token).where(mine)).scalars())


def give_back_all(connection: Connection, held: Sequence[Lease]) -> None:
    """Free several leases at once.

    :param connection: in a transaction
    :param held: few enough for one statement
    """
    connection.execute(update(leases).where(_of_all(held)).values(FREE))


def _of_all(held: Sequence[Lease]) -> ColumnElement[bool]:
    tokens = leases.c.token.in_([lease.token for lease in held])
    return and_(leases.c.identity.in_([lease.key for lease in held]), tokens)


@contextmanager
def _renewing(taken: list[Lease], timing: LeaseTiming) -> Iterator[None]:
    """Renew leases while the context lasts; when one is lost, stop this process by SIGTERM.

    :param taken: the leases; the caller adds further ones while the context lasts
    """
    ended = threading.Event()
    valid_until = timing.clock() + timing.lease

    def renew() -> None:
        nonlocal valid_until
        while not ended.wait(timing.renewal):
            begun = timing.clock()
            try:
                valid_until = begun + timing.lease if all(lease.renew() for lease in taken) else begun
            except SQLAlchemyError as error:
                log.warning("The lease of a region cannot be renewed: %s", error_text(error))

    def watch() -> None:
        """In a thread of its own: a renewal that gets no answer may take minutes to fail."""
        while not ended.wait(timing.check):
            if timing.clock() > valid_until - timing.renewal:
                log.error(
                    "The lease of a region was not renewed in time, or another run has it; this run stops."
                )
                os.kill(os.getpid(), signal.SIGTERM)
                return

    for work in (renew, watch):
        threading.Thread(target=work, name="lease", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _process(holder: Row[Any]) -> str:
    since = datetime.fromtimestamp(holder.started, timezone.utc).isoformat(timespec="seconds")
    return f"process {holder.pid} at {holder.host.partition(' ')[0]} since {since}"
