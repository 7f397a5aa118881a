"""Listings of a region that one conductor makes for all (volumes 4 and 8).

::

    listings = ListingStore(engine, "Spain")
    found = listings.newest("volumes", since=lease.taken)       # one that began after the lease was taken
    if found is None and (listing := leases.take_listing()):    # else another conductor makes one now: ask again later
        began = listings.now()
        ...                                                     # list
        listings.save(listing, "volumes", began, content, whole=True)
        listing.give_back()

What a listing holds, and how, is its maker's affair: bytes, which are stored compressed and in pieces.
"""

from __future__ import annotations

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select

from ...base.database import database_errors, key_of
from ...base.database_clock import NOW
from ...locks.lease_group import HeldLease
from .volume_rows import moment, seconds
from .volume_tables import listing_parts, listings

PART_BYTES = 2**19
"""Bytes of a piece: a server of MySQL may accept no more than a MiB at once."""


@dataclass(frozen=True, slots=True)
class StoredListing:
    """A listing that a conductor has made.

    :param began: when its first request was sent, by the database's clock
    :param whole: whether every page was read
    """

    began: datetime
    whole: bool
    content: bytes


class ListingStore:
    """The newest listing of each kind in a region.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    :param region: full name of the region
    """

    def __init__(self, engine: Engine, region: str) -> None:
        self._engine = engine
        self._region = {"region_key": key_of(region)}

    def now(self) -> datetime:
        """The present moment by the database's clock, for a listing that begins."""
        with database_errors(), self._engine.connect() as connection:
            return moment(connection.execute(select(NOW)).scalar_one())

    def newest(self, kind: str, since: datetime) -> StoredListing | None:
        """The newest listing, if it began after a moment, and not later than now: the clock may have been set back.

        :param kind: what was listed
        :param since: by the database's clock
        """
        parts = select(listings.c.began, listings.c.whole, listing_parts.c.content).join_from(
            listings, listing_parts, listings.c.id == listing_parts.c.listing_id
        )
        # One statement, so that it does not see half of one listing and half of the next.
        query = parts.filter_by(**self._region, kind=kind).where(
            listings.c.began > seconds(since), listings.c.began <= NOW
        )
        with database_errors(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(listing_parts.c.number)).all()
        if not rows:
            return None
        content = zlib.decompress(b"".join(row.content for row in rows))
        return StoredListing(moment(rows[0].began), rows[0].whole, content)

    def save(self, lease: HeldLease, kind: str, began: datetime, content: bytes, *, whole: bool) -> None:
        """Replace the listing of a kind.

        :param lease: the right to list the region
        :param kind: what was listed
        :param began: before the first request, by the database's clock
        :param content: what was found
        :param whole: whether every page was read
        :raises LeaseLost: another conductor lists by now
        """
        key = {**self._region, "kind": kind}
        values = {"id": str(uuid.uuid4()), "began": seconds(began), "whole": whole}
        packed = zlib.compress(content, 1)
        parts = [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]
        with database_errors(), self._engine.begin() as connection:
            lease.guard(connection)
            older = select(listings.c.id).filter_by(**key).scalar_subquery()
            connection.execute(delete(listing_parts).where(listing_parts.c.listing_id == older))
            connection.execute(delete(listings).filter_by(**key))
            connection.execute(insert(listings).values(**key, **values))
            for number, part in enumerate(parts):
                piece = {"listing_id": values["id"], "number": number, "content": part}
                connection.execute(insert(listing_parts).values(piece))
