"""Makes the tables of a database and brings them up to date, for the server and for commands without one (sync 1)."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from ..base.errors import GlanceSyncError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

ENGINE = "engine"
"""The attribute of Alembic's configuration by which the migrations get their database."""


FIRST_TABLE = "tasks"
"""A table that the first revision makes, and each later one has."""

UPGRADE = "Please run the command: glancesync db upgrade (or run.py db upgrade)"


class WrongRevision(GlanceSyncError):
    """The tables of the database are not those that this program needs."""


def make_ready(engine: Engine) -> None:
    """Make sure that the tables of a database are up to date.

    An SQLite database is made or upgraded; any other one has to be at its newest revision.

    :raises WrongRevision: it is at another one
    :raises SQLAlchemyError: the database cannot be used
    """
    if revision_of(engine) != newest_revision() and engine.dialect.name == "sqlite":
        upgrade(engine)
    found = revision_of(engine)
    if found != newest_revision():
        raise _other_revision(found, UPGRADE)


def check_readable(engine: Engine) -> None:
    """Make sure that tables that are there can be read as they are.

    :raises WrongRevision: they are at another revision
    :raises SQLAlchemyError: the database cannot be used
    """
    found = revision_of(engine)
    if found == newest_revision():
        return
    _check_known(engine, found)
    is_upgraded = engine.dialect.name == "sqlite"
    raise _other_revision(found, "The next command that writes into it upgrades them." if is_upgraded else UPGRADE)


def upgrade(engine: Engine) -> None:
    """Bring the tables of a database to the newest revision; of SQLite while no other process does.

    :raises WrongRevision: a newer version of this program has used the database, or its revision is missing
    :raises SQLAlchemyError: the database cannot be used
    """
    path = str(engine.url.database or "")
    if engine.dialect.name != "sqlite" or path in ("", ":memory:"):
        _upgrade(engine)
        return
    descriptor = os.open(f"{path}.upgrade", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        _upgrade(engine)


def revision_of(engine: Engine) -> str | None:
    """The revision of the tables of a database, None when there are none.

    :raises SQLAlchemyError: the database cannot be used
    """
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision that this program needs."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def _upgrade(engine: Engine) -> None:
    _check_known(engine, revision_of(engine))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes[ENGINE] = engine
    command.upgrade(config, "head")


def _check_known(engine: Engine, found: str | None) -> None:
    """Refuse tables of which nobody knows how they are brought to another revision.

    SQLite writes the first tables together with their revision; MariaDB may be interrupted between them.
    """
    if found is not None and found not in _known_revisions():
        raise _too_new(found)
    if found is None and engine.dialect.name == "sqlite" and inspect(engine).has_table(FIRST_TABLE):
        text = f"The tables of the database {engine.url.database} have no revision: alembic_version is missing or empty"
        raise WrongRevision(
            f"{text}. Please use a copy of the database that is whole, or move this file away and begin anew."
        )


def _known_revisions() -> set[str]:
    return {revision.revision for revision in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _other_revision(found: str | None, remedy: str) -> WrongRevision:
    text = f"The tables of the database are at revision {found or 'none'}, this program needs {newest_revision()}."
    return WrongRevision(f"{text} {remedy}")


def _too_new(found: str) -> WrongRevision:
    text = f"The tables of the database are at revision {found}, which this program does not know"
    return WrongRevision(f"{text}; a newer version has used it. Please install that version.")
