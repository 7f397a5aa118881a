"""Restore drills: which backups were restored for a test, into which temporary volumes, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from fiwareglancesync.migrations.repeatable import columns_of, create_index, create_table, drop_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the column of backups that a drill could not restore."""
    create_table(
        "volume_drills",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("region_key", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("project_name", sa.Text, nullable=False),
        sa.Column("server_name", sa.Text, nullable=False),
        sa.Column("volume_id", sa.String(64), nullable=False),
        sa.Column("volume_name", sa.Text, nullable=False),
        sa.Column("backup_id", sa.String(64), nullable=False),
        sa.Column("backup_name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("own_project_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun", sa.Double, nullable=False),
        sa.Column("temporary_id", sa.String(64), unique=True),
        sa.Column("finished", sa.Double),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("recorded", sa.Double),
        sa.Column("removed", sa.Double),
    )
    create_index("volume_drills_of_region", "volume_drills", "region_key")
    create_index("volume_drills_recorded", "volume_drills", "recorded")
    if "drill_failed" not in columns_of("volume_backups"):
        # The default stays: SQLite cannot add such a column without one.
        failed = sa.Column("drill_failed", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("volume_backups", failed)


def downgrade() -> None:
    """Remove the table and the column."""
    drop_table("volume_drills")
    if context.is_offline_mode() or "drill_failed" in columns_of("volume_backups"):
        op.drop_column("volume_backups", "drill_failed")
