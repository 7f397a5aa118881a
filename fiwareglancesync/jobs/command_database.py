"""Opens a database, its tables in place, for commands without a server."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from sqlalchemy import Engine, inspect

from ..base.database import database_errors, open_engine
from ..base.errors import DatabaseUnavailable
from .database_upgrade import check_readable, make_ready


def open_command_database(url: str) -> Engine:
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


def open_existing_database(url: str, table: str) -> Engine | None:
    """Open the database without making or upgrading anything.

    :param url: as the configuration has it
    :param table: name of one of the tables that are needed
    :return: None when there is none yet
    :raises DatabaseUnavailable: the database cannot be used
    :raises WrongRevision: it is at another revision
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    engine = _open_with(url, table)
    if engine is not None:
        with database_errors():
            check_readable(engine)
    return engine


def has_table(url: str, table: str) -> bool:
    """Whether the database is there with a table, whatever its revision; nothing is made or upgraded.

    :param url: as the configuration has it
    :param table: its name
    :raises DatabaseUnavailable: the database cannot be used
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    engine = _open_with(url, table)
    if engine is None:
        return False
    engine.dispose()
    return True


def _open_with(url: str, table: str) -> Engine | None:
    engine = open_engine(url, keep_connections=True)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not _is_there(Path(path)):
        return None
    with database_errors():
        return engine if inspect(engine).has_table(table) else None


def _is_there(path: Path) -> bool:
    """Whether there is a file that can be read; SQLite itself does not name one that cannot.

    It is not opened: closing it would end the locks that this process has on it by SQLite.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error.errno) from error
    if stat.S_ISDIR(mode):
        raise _unusable(path, errno.EISDIR)
    if not os.access(path, os.R_OK):
        raise _unusable(path, errno.EACCES)
    return True


def _unusable(path: Path, number: int | None) -> DatabaseUnavailable:
    reason = os.strerror(number or errno.EIO)
    return DatabaseUnavailable(f"the database {path} cannot be used: {reason}; see database in [main]")


def _make_private(path: Path) -> None:
    """Make a file that only its owner reads: names of servers and addresses of people are in it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        _is_there(path)
    except OSError as error:
        raise _unusable(path, error.errno) from error
