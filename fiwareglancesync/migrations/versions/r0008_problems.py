"""Problems of which there was a notice, so that there is one mail at the beginning, reminders, and one at the end."""

from __future__ import annotations

import sqlalchemy as sa

from fiwareglancesync.migrations.repeatable import create_index, create_table, drop_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    create_table(
        "problems",
        sa.Column("problem_key", sa.String(64), primary_key=True),
        sa.Column("place_key", sa.String(64), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("notices", sa.Integer, nullable=False),
        sa.Column("noticed", sa.Double, nullable=False),
    )
    create_index("ix_problems_place_key", "problems", "place_key")


def downgrade() -> None:
    """Remove the table."""
    drop_table("problems")
