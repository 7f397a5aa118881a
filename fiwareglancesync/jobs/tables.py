"""The tables of the database: whose it is, tasks, what they did, and what was last seen of regions.

Plain SQLAlchemy tables, so that the command, the workers and the server share them without sharing a framework.
Times are seconds since the epoch; texts that strangers choose are stored so that they come back exactly.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ..base.database import ExactText, metadata

federation = Table(
    "federation",
    metadata,
    # There is one row at most: this is what lets one federation alone record itself (sync 1).
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("recorded", Double, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("region", ExactText, nullable=False),
    Column("region_key", String(64), nullable=False, index=True),
    # The place's key while the task runs, NULL afterwards: this is what lets one task run a region (sync 5.3).
    Column("running", String(64), unique=True),
    Column("status", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("asked_by", ExactText),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double, index=True),
    Column("heartbeat", Double, nullable=False),
    Column("worker", String(255)),
    Column("cancel", Boolean, nullable=False),
    Column("reason", ExactText),
    Column("images_total", Integer, nullable=False),
    Column("images_done", Integer, nullable=False),
    Column("images_failed", Integer, nullable=False),
    Column("undecided", Integer, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
)

image_results = Table(
    "image_results",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("image", ExactText, nullable=False),
    Column("action", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("status", String(32)),
    Column("way", String(16)),
    Column("size", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("error", ExactText),
    Index("image_results_of_task", "task_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("level", String(8), nullable=False),
    Column("text", ExactText, nullable=False),
    Column("image", ExactText),
    Index("messages_of_task", "task_id"),
)

summaries = Table(
    "summaries",
    metadata,
    Column("region_key", String(64), primary_key=True),
    Column("region", ExactText, nullable=False),
    Column("checked", Double, nullable=False),
    Column("counts", Text, nullable=False),
    Column("error", ExactText),
)
