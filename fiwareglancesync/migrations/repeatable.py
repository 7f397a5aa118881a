"""Steps of revisions that can be repeated: what has been done is left out.

SQLite and PostgreSQL undo an upgrade that does not come to its end; MariaDB keeps what was done of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op


def create_table(name: str, *columns: sa.Column[Any], constraints: Sequence[sa.Constraint] = ()) -> None:
    """Make a table. One that is there with other columns is not ours, and is an error.

    :param name: its name
    :param columns: its columns
    :param constraints: those of several columns
    """
    if columns_of(name) != {column.name for column in columns}:
        op.create_table(name, *columns, *constraints)


def drop_table(name: str) -> None:
    """Remove a table."""
    if columns_of(name) or context.is_offline_mode():
        op.drop_table(name)


def create_index(name: str, table: str, *columns: str) -> None:
    """Make an index of one column or several."""
    if not has_index(table, name):
        op.create_index(name, table, columns)


def inspector() -> sa.Inspector | None:
    """What the database has now; None when only a script is written."""
    return None if context.is_offline_mode() else sa.inspect(op.get_bind())


def columns_of(table: str) -> set[str]:
    """The names of the columns of a table; none when there is no such table, or only a script is written."""
    found = inspector()
    if found is None or not found.has_table(table):
        return set()
    return {column["name"] for column in found.get_columns(table)}


def has_index(table: str, name: str) -> bool:
    """Whether a table has an index; not when only a script is written."""
    found = inspector()
    return found is not None and name in {index["name"] for index in found.get_indexes(table)}
