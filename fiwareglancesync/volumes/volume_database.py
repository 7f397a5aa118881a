"""Opens the database of volume backups, its tables in place, for commands without a server (volumes 4)."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Engine, inspect

from ..base.database import database_errors, open_engine
from ..base.errors import DatabaseUnavailable
from ..jobs.database_upgrade import make_ready
from .volume_tables import backups


def open_volume_database(url: str) -> Engine:
    """Open a database; one of SQLite is made, with its folder, or upgraded.

    :param url: as the configuration has it
    :raises DatabaseUnavailable: it cannot be used
    :raises WrongRevision: it is at another revision, and not of SQLite
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    engine = open_engine(url, keep_connections=True)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and path != ":memory:" and not path.startswith("file:"):
        _make_private(Path(path))
    with database_errors():
        make_ready(engine)
    return engine


def open_existing_database(url: str) -> Engine | None:
    """Open the database without making or upgrading anything.

    :param url: as the configuration has it
    :return: None when there is none yet
    :raises DatabaseUnavailable: it cannot be used
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    engine = open_engine(url, keep_connections=True)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not os.path.exists(path):
        return None
    with database_errors(), engine.connect() as connection:
        return engine if inspect(connection).has_table(backups.name) else None


def _make_private(path: Path) -> None:
    """Make a file that only its owner reads: names of servers and addresses of people are in it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        text = f"the database {path} cannot be used: {error.strerror}; see database in [main]"
        raise DatabaseUnavailable(text) from error
