"""Tasks of any kind: what was a region is a subject, what was an image is an item."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RENAMED: tuple[tuple[str, str, str, sa.types.TypeEngine[Any], bool], ...] = (
    ("tasks", "region", "subject", sa.Text(), False),
    ("tasks", "region_key", "subject_key", sa.String(64), False),
    ("tasks", "images_total", "items_total", sa.Integer(), False),
    ("tasks", "images_done", "items_done", sa.Integer(), False),
    ("tasks", "images_failed", "items_failed", sa.Integer(), False),
    ("items", "image", "name", sa.Text(), False),
    ("messages", "image", "item", sa.Text(), True),
)
"""Columns: table, name before, name after, type, whether it may be NULL."""

NAMES_OF_POSTGRESQL = (
    "TABLE {table} RENAME CONSTRAINT {old}_pkey TO {new}_pkey",
    "TABLE {table} RENAME CONSTRAINT {old}_task_id_fkey TO {new}_task_id_fkey",
    "SEQUENCE {old}_id_seq RENAME TO {new}_id_seq",
)
"""What PostgreSQL names after a table, and does not rename with it."""


def upgrade() -> None:
    """Rename, and give the present tasks the only kind that there was.

    No table is made anew: when SQLite drops the old one, it deletes the rows of other tables that refer to it. A step
    that has been done is left out: MariaDB keeps what was done of an upgrade that did not come to its end.
    """
    _begin()
    _rename_table("image_results", "items")
    for table, old, new, kind, nullable in RENAMED:
        _rename(table, old, new, kind, nullable)
    # The default stays: SQLite cannot add such a column without one. The program always states the kind.
    if not _has_column("tasks", "kind"):
        op.add_column("tasks", sa.Column("kind", sa.String(32), nullable=False, server_default="sync"))
    _replace_index("tasks", "ix_tasks_region_key", "ix_tasks_subject_key", "subject_key")
    _replace_index("items", "image_results_of_task", "items_of_task", "task_id")


def downgrade() -> None:
    """Rename back; tasks of other kinds, which the older tables cannot hold, are removed."""
    _begin()
    if _has_column("tasks", "kind", in_a_script=True):
        op.execute("DELETE FROM tasks WHERE kind <> 'sync'")
        op.drop_column("tasks", "kind")
    for table, new, old, kind, nullable in reversed(RENAMED):
        _rename(table, old, new, kind, nullable)
    _rename_table("items", "image_results")
    _replace_index("image_results", "items_of_task", "image_results_of_task", "task_id")
    _replace_index("tasks", "ix_tasks_subject_key", "ix_tasks_region_key", "region_key")


def _begin() -> None:
    """Begin a transaction in SQLite before its tables are changed; Python would begin one later, at the first row.

    So a server that is killed while it upgrades the database leaves it as it was.
    """
    if not context.is_offline_mode() and op.get_bind().dialect.name == "sqlite":
        op.execute("BEGIN IMMEDIATE")


def _inspector() -> sa.Inspector | None:
    """What the database has now; None when only a script is written."""
    return None if context.is_offline_mode() else sa.inspect(op.get_bind())


def _has_column(table: str, name: str, *, in_a_script: bool = False) -> bool:
    """Whether a table has a column.

    :param in_a_script: the answer when only a script is written
    """
    found = _inspector()
    return in_a_script if found is None else name in {column["name"] for column in found.get_columns(table)}


def _has_index(table: str, name: str, *, in_a_script: bool = False) -> bool:
    """Whether a table has an index; see :func:`_has_column`."""
    found = _inspector()
    return in_a_script if found is None else name in {index["name"] for index in found.get_indexes(table)}


def _rename_table(old: str, new: str) -> None:
    found = _inspector()
    if found is not None and not found.has_table(old):
        return
    op.rename_table(old, new)
    if op.get_context().dialect.name == "postgresql":
        for change in NAMES_OF_POSTGRESQL:
            op.execute(f"ALTER {change.format(table=new, old=old, new=new)}")


def _rename(table: str, old: str, new: str, kind: sa.types.TypeEngine[Any], nullable: bool) -> None:
    if _has_column(table, old, in_a_script=True):
        op.alter_column(table, old, new_column_name=new, existing_type=kind, existing_nullable=nullable)


def _replace_index(table: str, old: str, new: str, column: str) -> None:
    """The new index first, as MariaDB always needs one for a foreign key."""
    if not _has_index(table, new):
        op.create_index(new, table, [column])
    if _has_index(table, old, in_a_script=True):
        op.drop_index(old, table)
