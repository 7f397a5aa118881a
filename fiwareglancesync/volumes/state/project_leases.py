"""Which conductor works on which project, and which one makes a listing for all (volumes 4).

::

    with ProjectLeases(engine, "Spain", run) as leases:
        lease = leases.take(project_id)
        if lease is None:
            ...  # another conductor works on the project
        elif lease.outlives(timeout):
            ...  # send a request that ends within the time-out

A conductor that is killed is replaced when its leases have run out, by the database's clock: within a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from sqlalchemy import Connection, Engine

from ...locks.lease import USUAL_TIMING, LeaseTiming
from ...locks.lease_group import HeldLease, LeaseGroup
from .volume_rows import moment


@dataclass(frozen=True, slots=True)
class ProjectLease:
    """The right to work on a project of a region.

    :param region: full name of the region
    :param held: the lease
    """

    region: str
    project_id: str
    held: HeldLease

    @property
    def taken(self) -> datetime:
        """When it was taken, by the database's clock: a listing that is used under it began later."""
        return moment(self.held.taken)

    @property
    def is_lost(self) -> bool:
        """Whether another conductor is known to have it, or it was given back: the work on the project ends."""
        return self.held.is_lost

    def outlives(self, seconds: float) -> bool:
        """Whether a request may be sent: the lease is certainly valid for as long as it may take.

        :param seconds: the time-out of the request
        """
        return self.held.outlives(seconds)

    def guard(self, connection: Connection) -> None:
        """Make sure, as the first statement of a transaction, that it writes under the lease.

        :raises LeaseLost: another conductor has it
        """
        self.held.guard(connection)

    def give_back(self) -> None:
        """Free the project for other conductors.

        :raises DatabaseUnavailable: the database cannot be used; the lease ends by itself
        """
        self.held.give_back()


class ProjectLeases:
    """The leases of one conductor in one region, renewed while the context lasts and given back at its end.

    :param engine: the database, its tables in place
    :param region: full name of the region
    :param run: id of the conductor's run
    :param timing: how long leases last
    """

    def __init__(self, engine: Engine, region: str, run: str, timing: LeaseTiming = USUAL_TIMING) -> None:
        self._region = region
        self._group = LeaseGroup(engine, run, timing)

    def __enter__(self) -> ProjectLeases:
        """Begin to renew."""
        self._group.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give back all."""
        self._group.__exit__(kind, error, traceback)

    def take(self, project_id: str) -> ProjectLease | None:
        """Take a project, unless a conductor works on it; None then.

        :raises DatabaseUnavailable: the database cannot be used
        """
        held = self._group.take(f"the volumes of project {project_id} in region {self._region}")
        return None if held is None else ProjectLease(self._region, project_id, held)

    def take_listing(self) -> HeldLease | None:
        """Take the right to list the region for all conductors; None when another one is listing."""
        return self._group.take(f"the listing of volumes in region {self._region}")

    def take_digest(self) -> HeldLease | None:
        """Take the right to make digests and to send mails of the region; None when another conductor does it."""
        return self._group.take(f"the mails about volumes in region {self._region}")

    def take_drill(self) -> HeldLease | None:
        """Take the right to drill in the region, and to remove what drills left; None when another drill has it."""
        return self._group.take(f"the restore drills of volumes in region {self._region}")
