"""Tasks of any kind: what was a region is a subject, what was an image is an item."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from fiwareglancesync.migrations.repeatable import columns_of, create_index, has_index, inspector

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

    No table is made anew: when SQLite drops the old one, it deletes the rows of other tables that refer to it.
    """
    _rename_table("image_results", "items")
    for table, old, new, kind, nullable in RENAMED:
        _rename(table, old, new, kind, nullable)
    # The default stays: SQLite cannot add such a column without one. The program always states the kind.
    if "kind" not in columns_of("tasks"):
        op.add_column("tasks", sa.Column("kind", sa.String(32), nullable=False, server_default="sync"))
    _replace_index("tasks", "ix_tasks_region_key", "ix_tasks_subject_key", "subject_key")
    _replace_index("items", "image_results_of_task", "items_of_task", "task_id")


def downgrade() -> None:
    """Rename back; tasks of other kinds, which the older tables cannot hold, are removed."""
    if "kind" in columns_of("tasks") or context.is_offline_mode():
        op.execute("DELETE FROM tasks WHERE kind <> 'sync'")
        op.drop_column("tasks", "kind")
    for table, new, old, kind, nullable in reversed(RENAMED):
        _rename(table, old, new, kind, nullable)
    _rename_table("items", "image_results")
    _replace_index("image_results", "items_of_task", "image_results_of_task", "task_id")
    _replace_index("tasks", "ix_tasks_subject_key", "ix_tasks_region_key", "region_key")


def _rename_table(old: str, new: str) -> None:
    found = inspector()
    if found is not None and not found.has_table(old):
        return
    op.rename_table(old, new)
    if op.get_context().dialect.name == "postgresql":
        for change in NAMES_OF_POSTGRESQL:
            op.execute(f"ALTER {change.format(table=new, old=old, new=new)}")


def _rename(table: str, old: str, new: str, kind: sa.types.TypeEngine[Any], nullable: bool) -> None:
    if old in columns_of(table) or context.is_offline_mode():
        op.alter_column(table, old, new_column_name=new, existing_type=kind, existing_nullable=nullable)


def _replace_index(table: str, old: str, new: str, column: str) -> None:
    """The new index first, as MariaDB always needs one for a foreign key."""
    create_index(new, table, column)
    if has_index(table, old) or context.is_offline_mode():
        op.drop_index(old, table)
