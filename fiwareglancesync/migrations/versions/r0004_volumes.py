"""Volume backups: what was asked for and what came of it, shared listings, digests, and mails that wait."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from fiwareglancesync.migrations.repeatable import create_index, create_table, drop_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LARGE_BYTES = sa.LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    """Make the tables."""
    create_table(
        "volume_backups",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("region_key", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("project_name", sa.Text, nullable=False),
        sa.Column("server_id", sa.String(64), nullable=False),
        sa.Column("server_name", sa.Text, nullable=False),
        sa.Column("volume_id", sa.String(64), nullable=False),
        sa.Column("volume_name", sa.Text, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("open_volume", sa.String(64), unique=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("interval", sa.BigInteger, nullable=False),
        sa.Column("retention", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("begun", sa.Double),
        sa.Column("finished", sa.Double),
        sa.Column("backup_id", sa.String(64), unique=True),
        sa.Column("parent_id", sa.String(64)),
        sa.Column("expires", sa.Double),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("removal_asked", sa.Double),
        sa.Column("last_refusal", sa.Text, nullable=False),
        sa.Column("missing_since", sa.Double),
        sa.Column("recorded", sa.Double),
        sa.Column("removed", sa.Double),
        constraints=[sa.UniqueConstraint("volume_id", "due", name="volume_backups_of_a_due_time")],
    )
    create_index("volume_backups_of_project", "volume_backups", "region_key", "project_id")
    for column in ("expires", "recorded", "removed"):
        create_index(f"volume_backups_{column}", "volume_backups", column)
    create_table(
        "volume_projects",
        sa.Column("region_key", sa.String(64), primary_key=True),
        sa.Column("project_id", sa.String(64), primary_key=True),
        sa.Column("project_name", sa.Text, nullable=False),
        sa.Column("last_whole", sa.Double),
        sa.Column("last_cycle", sa.Double),
        sa.Column("allowed_deletions", sa.Integer, nullable=False),
        sa.Column("summary", LARGE_BYTES),
    )
    create_table(
        "volume_listings",
        sa.Column("region_key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("began", sa.Double, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
    )
    create_table(
        "volume_listing_parts",
        sa.Column("listing_id", sa.String(36), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", LARGE_BYTES, nullable=False),
    )
    create_table(
        "volume_regions",
        sa.Column("region_key", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("reported_until", sa.Double, nullable=False),
    )
    create_table(
        "mails",
        sa.Column("message_key", sa.String(64), primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("next_attempt", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("content", LARGE_BYTES, nullable=False),
    )
    create_index("ix_mails_next_attempt", "mails", "next_attempt")


def downgrade() -> None:
    """Remove the tables."""
    for table in (
        "mails", "volume_regions", "volume_listing_parts", "volume_listings", "volume_projects", "volume_backups",
    ):  # fmt: skip
        drop_table(table)
