"""The federation that the database belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fiwareglancesync.migrations.repeatable import create_table, drop_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the first that uses the database writes its row.

    What was last seen of the regions is forgotten: it may be another federation's, and is looked at again anyway.
    """
    create_table(
        "federation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("recorded", sa.Double, nullable=False),
    )
    op.execute("DELETE FROM summaries")


def downgrade() -> None:
    """Remove it."""
    drop_table("federation")
