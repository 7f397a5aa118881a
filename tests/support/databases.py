"""Databases of any revision, with their rows as they are."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, insert, select

from fiwareglancesync.api.server_database import db, open_database
from fiwareglancesync.base.database import open_engine

Rows = dict[str, list[dict[str, Any]]]
"""By the name of its table, each row by the names of its columns."""


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
