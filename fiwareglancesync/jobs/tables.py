"""The tables of the job engine: which federation the database belongs to, the tasks, and what they did.

Plain SQLAlchemy tables, so that the command, the workers and the server share them without a common framework. Times
are seconds since the epoch. Texts that strangers choose are stored so that they come back exactly.
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
    # One row at most: so one federation alone can record itself (sync 1).
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", ExactText, nullable=False),
    Column("recorded", Double, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", ExactText, nullable=False),
    Column("subject_key", String(64), nullable=False, index=True),
    # The job's lock key while the task waits or runs, NULL afterwards: so the database allows one of them (sync 5.3).
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
    Column("items_total", Integer, nullable=False),
    Column("items_done", Integer, nullable=False),
    Column("items_failed", Integer, nullable=False),
    Column("undecided", Integer, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("name", ExactText, nullable=False),
    Column("action", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("status", String(32)),
    Column("way", String(16)),
    Column("size", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("error", ExactText),
    Index("items_of_task", "task_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("level", String(8), nullable=False),
    Column("text", ExactText, nullable=False),
    Column("item", ExactText),
    Index("messages_of_task", "task_id"),
)
