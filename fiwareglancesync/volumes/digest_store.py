"""Which period the next digest of a region is about; a period is in one digest, whoever makes it (volumes 6).

::

    digests = DigestStore(engine, "Spain")
    period = digests.period(settings.report_period)
    if period is not None and (lease := leases.take_digest()):
        ...                                               # make the mails from what happened in the period
        digests.save(lease, period, mails)
        send_due(DatabaseOutbox(engine), ...)
        lease.give_back()
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update

from ..base.database import database_errors, key_of
from ..base.database_clock import NOW
from ..locks.lease_group import HeldLease
from ..notify.database_outbox import add_mail
from ..notify.outbox import OutgoingMail
from .volume_changes import WrongState
from .volume_rows import EPOCH, NEW_REGION, make_row, moment, seconds
from .volume_tables import regions

MARGIN_SECONDS = 60.0
"""A digest ends so long before the present moment: what is being written now is in the next one."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest is about, by the database's clock.

    :param end: not included
    """

    begin: datetime
    end: datetime


class DigestStore:
    """The digests of a region.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    :param region: full name of the region
    """

    def __init__(self, engine: Engine, region: str) -> None:
        self._engine = engine
        self._region = {"region_key": key_of(region)}

    def period(self, length: float) -> Period | None:
        """The period of the next digest, from the end of the last one; None when it is not due yet.

        :param length: seconds from one digest to the next
        """
        make_row(self._engine, regions, self._region, NEW_REGION)
        with database_errors(), self._engine.connect() as connection:
            query = select(regions.c.reported_until, NOW.label("now")).filter_by(**self._region)
            row = connection.execute(query).one()
        begin, end = moment(row.reported_until), moment(row.now - MARGIN_SECONDS)
        return Period(begin, end) if end - begin >= timedelta(seconds=length) else None

    def save(self, lease: HeldLease, period: Period, mails: Iterable[OutgoingMail]) -> None:
        """Keep the mails of a digest until they are sent, and begin the next period.

        :param lease: the right to make digests
        :param mails: of the period
        :raises LeaseLost: another conductor makes them by now
        :raises WrongState: the period is in another digest
        """
        begin = (period.begin - EPOCH) / timedelta(seconds=1)
        same = regions.c.reported_until.between(begin - 0.001, begin + 0.001)  # moments are rounded to microseconds
        with database_errors(), self._engine.begin() as connection:
            lease.guard(connection)
            change = update(regions).filter_by(**self._region).where(same)
            if not connection.execute(change.values(reported_until=seconds(period.end))).rowcount:
                raise WrongState("another conductor has made a digest of this period")
            for mail in mails:
                add_mail(connection, mail)
