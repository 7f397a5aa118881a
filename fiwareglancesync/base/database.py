"""Opens the database of a URL, the same way for the command, the workers and the server."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Dialect, Engine, LargeBinary, MetaData, Text, create_engine, event
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from .dependencies import EXTRAS, without
from .errors import DatabaseUnavailable, GlanceSyncError, NotInstalled

BUSY_SECONDS = 30
"""Seconds that a writer of an SQLite database waits for another one."""

CONNECT_SECONDS = 10
"""Seconds in which a database has to answer; PyMySQL has the same limit by itself."""

# What fails is raised, too, and reported in one line. Without a handler SQLAlchemy would print a traceback besides,
# for instance when a signal ends the program while a connection is given back.
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())

metadata = MetaData()
"""The tables of all rooms, which migrations compare with a database."""

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
"""The driver of a URL that names none."""


def database_url(text: str) -> URL:
    """Read a database's URL.

    :param text: as the configuration has it
    :raises GlanceSyncError: it is not valid; the message does not show it, because it may hold a password
    """
    try:
        url = make_url(text)
        url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
        if url.drivername.startswith("mysql") and "charset" not in url.query:
            url = url.update_query_dict({"charset": "utf8mb4"})
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise GlanceSyncError(
            "the database URL cannot be used; expected one such as postgresql://user@host/name"
        ) from error
    return url


def open_engine(text: str, *, keep_connections: bool = False) -> Engine:
    """Open a database, usually without keeping connections, so that a fork cannot share one.

    :param text: its URL
    :param keep_connections: for a process that does not fork, and uses the database often
    :raises GlanceSyncError: the URL is wrong
    :raises NotInstalled: its driver is not installed
    """
    url = database_url(text)
    try:
        pool: dict[str, Any] = {"pool_pre_ping": True} if keep_connections else {"poolclass": NullPool}
        engine = create_engine(url, hide_parameters=True, connect_args=connect_args(url), **pool)
    except ImportError as error:
        raise no_driver(url) from error
    prepare(engine)
    if keep_connections and url.get_backend_name() == "sqlite":
        watch_file(engine, url.database)
    return engine


def watch_file(engine: Engine, path: str | None) -> None:
    """Use no kept connection to a file that is not the database any more: others would not see what is written there.

    :param path: of the SQLite database; one in memory has no file
    """
    if not path or path == ":memory:" or path.startswith("file:"):
        return
    used: list[tuple[int, int] | None] = []

    def check(*_: Any) -> None:
        if used and _file_id(path) != used[0]:
            text = "was removed or replaced while it was in use; end all processes that use it, and start them again"
            raise DatabaseUnavailable(f"the database {path} {text}")

    def remember(*_: Any) -> None:
        used[:] = used or [_file_id(path)]

    event.listen(engine, "do_connect", check)
    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", check)


def _file_id(path: str) -> tuple[int, int] | None:
    """What tells a file from another one of the same path; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def no_driver(url: URL) -> NotInstalled:
    """The error of a database driver that is not installed, or not completely."""
    driver = url.get_driver_name()
    return without(driver, EXTRAS.get(driver), f"a database of {url.get_backend_name()} needs it")


def connect_args(url: URL) -> dict[str, Any]:
    """The arguments that a connection is opened with."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_SECONDS}
    if url.drivername == DRIVERS["postgresql"] and "connect_timeout" not in url.query:
        return {"connect_timeout": CONNECT_SECONDS}
    return {}


def prepare(engine: Engine) -> None:
    """Set up each connection of an SQLite database so that several processes can use the database."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _share)


def _share(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def error_text(error: SQLAlchemyError) -> str:
    """The error message of a database, without the statement and SQLAlchemy's own text."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn an error of a database into one of the program, in one line.

    :raises DatabaseUnavailable: the database cannot be used
    """
    try:
        yield
    except SQLAlchemyError as error:
        text = f"the database cannot be used: {error_text(error)}; see database in [main]"
        raise DatabaseUnavailable(text) from error


class ExactText(TypeDecorator[str]):
    """Text with any characters: lone surrogates and NUL, which databases refuse, are escaped as in JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what comes from the program."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Give back what the program had."""
        return None if value is None else str(json.loads(value))


LARGE_BYTES = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
"""Bytes of a size for which MySQL's usual type has no room."""


def packed(text: str) -> bytes:
    """Any text, also with lone surrogates, as few bytes, for a column of ``LARGE_BYTES``."""
    return zlib.compress(json.dumps(text).encode("ascii"))


def unpacked(content: bytes) -> str:
    """The text again."""
    return str(json.loads(zlib.decompress(content)))


def key_of(text: str) -> str:
    """A short key of a text of any length; no collation takes two of them for the same.

    :param text: a region's full name, or a key of ``PlaceIdentity``
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
