"""The federation that a database belongs to. It is recorded at first use, and another one is refused (sync 1).

This is not about the leases of locks: their keys are places, and runs of any federation may share them.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from contextlib import suppress

from sqlalchemy import Engine, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from ..base.database import key_of
from ..base.errors import GlanceSyncError
from .tables import federation as table

EMBEDDED_PREFIX = "embedded:"
"""How the name of an embedded federation begins; no region's name holds a colon."""

ROW = 1
"""The key of the only row: of several processes that record at the same time, one succeeds."""

READABLE = 60
"""Characters of a file's name from which people know whose it is."""


class OtherFederation(GlanceSyncError):
    """The database belongs to another federation than the configuration."""


def file_name(federation: str) -> str:
    """The name of the SQLite file of a federation.

    :param federation: its name
    """
    words = federation
    if federation.startswith(EMBEDDED_PREFIX):
        words = EMBEDDED_PREFIX + os.path.basename(federation)
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", words)[:READABLE].strip("-.")
    return f"glancesync-{readable}-{key_of(federation)[:8]}.db"


def recorded(engine: Engine) -> str | None:
    """The federation that a database belongs to; None when none has used it yet.

    :param engine: the database
    """
    with engine.connect() as connection:
        if not inspect(connection).has_table(table.name):
            return None
        found = connection.execute(select(table.c.name)).scalar()
        return None if found is None else str(found)


def refuse_another(engine: Engine, federation: str) -> None:
    """Check that a database belongs to a federation, or to none yet.

    :param engine: the database
    :param federation: the name of the federation
    :raises OtherFederation: it belongs to another one
    """
    found = recorded(engine)
    if found not in (None, federation):
        raise OtherFederation(_other_federation(engine, str(found), federation))


def claim(engine: Engine, federation: str) -> None:
    """Record that a database belongs to a federation, unless one is recorded.

    :param engine: the database, its tables in place
    :param federation: the name of the federation
    :raises OtherFederation: it belongs to another one
    """
    if recorded(engine) is None:
        values = {"id": ROW, "name": federation, "recorded": time.time()}
        with suppress(IntegrityError), engine.begin() as connection:  # another process may be first
            connection.execute(insert(table).values(values))
    refuse_another(engine, federation)


def rebind(engine: Engine, old: str, new: str) -> bool:
    """Record the new name of the federation that a database belongs to.

    :param engine: the database
    :param old: the name that is recorded
    :param new: the new one
    :return: whether the old name was recorded
    """
    if recorded(engine) != old:
        return False
    change = update(table).where(table.c.id == ROW, table.c.name == old).values(name=new, recorded=time.time())
    with engine.begin() as connection:
        return connection.execute(change).rowcount > 0


def may_be_renamed(old: str, new: str) -> bool:
    """Whether two names may be of one federation: an embedded one does not become one of OpenStack, or the reverse.

    :param old: the name that is recorded
    :param new: the name in the configuration
    """
    return old != new and old.startswith(EMBEDDED_PREFIX) == new.startswith(EMBEDDED_PREFIX)


def shown(engine: Engine) -> str:
    """The name of a database in messages: the path of a file, else the URL without the password."""
    url = engine.url
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def rebind_command(old: str) -> str:
    """The command that records the configured federation in place of another one.

    :param old: the name that is recorded
    """
    return f"glancesync db rebind --from {shlex.quote(old)}"


def _other_federation(engine: Engine, found: str, federation: str) -> str:
    text = f"The database {shown(engine)} belongs to the federation {found}, the configuration is of {federation}."
    advice = "Please name another one as database in the configuration"
    if may_be_renamed(found, federation):
        return f"{text} {advice} or, if it is the same federation under a new name, run: {rebind_command(found)}"
    return f"{text} {advice}."
