"""Empties a Glance at once, running or not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from devcloud_lib.configuration import DATABASE_TIMEOUT
from devcloud_lib.state import Service

# What belongs to the schema or to the running server, not to any image.
KEPT_TABLES = ("alembic_version", "node_reference")
KEPT_PREFIXES = ("sqlite_", "metadef_")


def remove_images(glance: Service) -> None:
    """Remove every image of every project, its bytes, and every trace of it.

    Straight in the database: through the API each image would take several requests, and Glance would remember
    the deleted ones, whose UUIDs could then not be used again.
    """
    with closing(sqlite3.connect(glance.database, timeout=DATABASE_TIMEOUT, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in KEPT_TABLES and not table.startswith(KEPT_PREFIXES):
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 (the name is the schema's own)
        connection.execute("COMMIT")
    for folder in (*glance.stores.values(), *glance.scratch.values()):
        remove_files(folder)


def remove_files(folder: Path) -> None:
    """Remove all files below a folder; folders stay."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)
