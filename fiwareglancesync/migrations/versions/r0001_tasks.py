"""Tasks, their results, what was last seen of the regions, and the leases of their locks."""

from __future__ import annotations

import sqlalchemy as sa

from fiwareglancesync.migrations.repeatable import create_index, create_table, drop_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; that of the leases may be there, for the command makes it when it needs it."""
    create_table(
        "tasks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("region_key", sa.String(64), nullable=False),
        sa.Column("running", sa.String(64), unique=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("finished", sa.Double),
        sa.Column("heartbeat", sa.Double, nullable=False),
        sa.Column("worker", sa.String(255)),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("images_total", sa.Integer, nullable=False),
        sa.Column("images_done", sa.Integer, nullable=False),
        sa.Column("images_failed", sa.Integer, nullable=False),
        sa.Column("undecided", sa.Integer, nullable=False),
        sa.Column("bytes_total", sa.BigInteger, nullable=False),
        sa.Column("bytes_done", sa.BigInteger, nullable=False),
    )
    create_index("ix_tasks_region_key", "tasks", "region_key")
    create_index("ix_tasks_finished", "tasks", "finished")
    create_table(
        "image_results",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.String(36), sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("status", sa.String(32)),
        sa.Column("way", sa.String(16)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("error", sa.Text),
    )
    create_index("image_results_of_task", "image_results", "task_id")
    create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.String(36), sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("image", sa.Text),
    )
    create_index("messages_of_task", "messages", "task_id")
    create_table(
        "summaries",
        sa.Column("region_key", sa.String(64), primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("checked", sa.Double, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
    )
    create_table(
        "leases",
        sa.Column("identity", sa.String(64), primary_key=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started", sa.Double, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in ("leases", "summaries", "messages", "image_results", "tasks"):
        drop_table(table)
