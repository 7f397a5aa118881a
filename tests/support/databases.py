"""Databases of any revision, with their rows as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, MetaData, event, insert, select

from fiwareglancesync.api.server_database import db, open_database
from fiwareglancesync.base.database import open_engine

Rows = dict[str, list[dict[str, Any]]]
"""By the name of its table, each row by the names of its columns."""

CHANGES = frozenset({"ALTER", "CREATE", "DROP", "UPDATE", "DELETE", "INSERT"})
"""How statements begin that change a database."""


class Killed(Exception):
    """The upgrade ends here."""


def at_revision(url: str, revision: str, federation: str, *, down: bool = False) -> None:
    """Bring a database to a revision.

    :param down: whether it is older than the database's
    """
    app = Flask(__name__)
    open_database(app, url, federation)
    with app.app_context():
        (downgrade if down else upgrade)(revision=revision)
        db.engine.dispose()


def write_rows(url: str, rows: Rows) -> None:
    """Write rows, past the program."""
    engine, tables = open_engine(url), MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for name, values in rows.items():
            for row in values:  # one by one: those of a table need not have the same columns
                connection.execute(insert(tables.tables[name]).values(row))
    engine.dispose()


def read_rows(url: str) -> Rows:
    """All rows, past the program; those of a table in the order of their primary key."""
    engine, tables = open_engine(url), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for name, table in tables.tables.items()
        }
    engine.dispose()
    return found


def remove_tables(url: str) -> None:
    """Remove all tables."""
    engine, tables = open_engine(url), MetaData()
    tables.reflect(engine)
    tables.drop_all(engine)
    engine.dispose()


def differences(url: str) -> list[Any]:
    """What the tables of a database are, and those of the program are not."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), db.metadata)
    engine.dispose()
    return found


@contextmanager
def broken_at(number: int) -> Iterator[list[str]]:
    """Break off before a statement that changes a table, as a kill does; yields those that were begun.

    :param number: of the statement, from 1
    """
    begun: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() in CHANGES:
            begun.append(statement)
            if len(begun) == number:
                raise Killed(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield begun
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def broken_off(prepare: Callable[[], None], attempt: Callable[[], None]) -> Iterator[int]:
    """Break an attempt off before each of its statements, until it comes to its end; yields the statement's number.

    :param prepare: makes the database as it is before
    """
    number = 0
    begun: list[str] = []
    while len(begun) >= number:
        number += 1
        prepare()
        with broken_at(number) as begun, suppress(Killed):
            attempt()
        yield number
