"""Snapshots: jobs, copies and requests, instances of servers, and the images of volumes as they were last seen."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from fiwareglancesync.migrations.repeatable import create_index, create_table, drop_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LARGE_BYTES = sa.LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")

TABLES = ("snapshot_jobs", "snapshot_copies", "snapshot_instances", "snapshot_images")


def upgrade() -> None:
    """Make the tables."""
    create_table(
        "snapshot_jobs",
        sa.Column("job_key", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(64), nullable=False),
        sa.Column("schedule", sa.String(16), nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("image_id", sa.Text, nullable=False),
        sa.Column("set_name", sa.String(64), nullable=False),
        sa.Column("volume_id", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("last", sa.Double),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("problem_since", sa.Double),
        sa.Column("uncovered", sa.String(16)),
        sa.Column("uncovered_since", sa.Double),
    )
    create_table(
        "snapshot_copies",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("cluster", sa.String(64), nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("image_id", sa.Text, nullable=False),
        sa.Column("set_name", sa.String(64), nullable=False),
        sa.Column("volume_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slot", sa.Double, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("open_key", sa.String(64), unique=True),
        sa.Column("highest_id", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Double, nullable=False),
        sa.Column("snapshot_id", sa.BigInteger),
        sa.Column("snapshot_key", sa.String(64), unique=True),
    )
    create_table(
        "snapshot_instances",
        sa.Column("instance_key", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(64), nullable=False),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("set_name", sa.String(64), nullable=False),
        sa.Column("slot", sa.Double, nullable=False),
        sa.Column("volume_ids", LARGE_BYTES, nullable=False),
    )
    create_table(
        "snapshot_images",
        sa.Column("image_key", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(64), nullable=False),
        sa.Column("volume_id", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("image_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
    )
    for table in TABLES:
        create_index(f"{table}_of_cluster", table, "cluster")


def downgrade() -> None:
    """Remove the tables."""
    for table in reversed(TABLES):
        drop_table(table)
