"""The database's clock: several machines compare times by it, within the statements themselves.

The clocks of two machines may be minutes apart; the database that they share has one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class DatabaseTime(FunctionElement[float]):
    """The present moment by the database's clock, in seconds since the epoch."""

    type = Double()
    inherit_cache = True


NOW = DatabaseTime()
"""For use in statements: ``leases.c.expires < NOW``, ``values(expires=NOW + 60.0)``."""


@compiles(DatabaseTime, "sqlite")
def _sqlite(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseTime, "postgresql")
def _postgresql(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    # now() is the moment when the transaction began.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(DatabaseTime, "mysql", "mariadb")
def _mysql(element: DatabaseTime, compiler: Any, **_: Any) -> str:
    # In UTC: UNIX_TIMESTAMP() of a local time is ambiguous when summer time ends.
    return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000.0)"
