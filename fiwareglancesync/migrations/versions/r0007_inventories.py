"""Inventories of servers and volumes: what Nova and Cinder said last, for each Ceph cluster."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from fiwareglancesync.migrations.repeatable import create_table, drop_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LARGE_BYTES = sa.LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    """Make the table."""
    create_table(
        "snapshot_inventories",
        sa.Column("cluster", sa.String(64), primary_key=True),
        sa.Column("begun", sa.Double, nullable=False),
        sa.Column("covers_all", sa.Boolean, nullable=False),
        sa.Column("content", LARGE_BYTES, nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    drop_table("snapshot_inventories")
