"""The outbox in the database, which several conductors share (volumes 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Engine,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ..base.database import LARGE_BYTES, ExactText, database_errors, key_of, metadata, packed, unpacked
from .outbox import REFUSED_PAUSE, MembersOf, OutgoingMail

mails = Table(
    "mails",
    metadata,
    Column("message_key", String(64), primary_key=True),
    Column("message_id", ExactText, nullable=False),
    Column("created", Double, nullable=False),
    Column("next_attempt", Double, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("problem", ExactText, nullable=False),
    # Receivers, or the project whose members they are, subject and both bodies: compressed JSON.
    Column("content", LARGE_BYTES, nullable=False),
)


class DatabaseOutbox:
    """An :class:`~fiwareglancesync.notify.outbox.Outbox` in the database; who sends holds a lease for that.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, mail: OutgoingMail) -> None:
        """Keep a mail until it is sent; one of the same Message-ID that waits already stays as it is."""
        with database_errors(), suppress(IntegrityError), self._engine.begin() as connection:
            insert_mail(connection, mail)

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mails whose next attempt is not after a moment, the earliest first; one at a time.

        No pause is longer than ``REFUSED_PAUSE``: a mail that would wait longer was kept by a clock that was wrong.
        """
        latest = (now + REFUSED_PAUSE).timestamp()
        is_due = or_(mails.c.next_attempt <= now.timestamp(), mails.c.next_attempt > latest)
        due = select(mails.c.message_key).where(is_due)
        with database_errors(), self._engine.connect() as connection:
            keys = connection.execute(due.order_by(mails.c.next_attempt, mails.c.message_key)).scalars().all()
        for key in keys:
            with database_errors(), self._engine.connect() as connection:
                row = connection.execute(select(mails).where(mails.c.message_key == key)).first()
            if row is not None:
                yield _mail(row)

    def replace(self, mail: OutgoingMail) -> None:
        """Keep a mail with other receivers, attempts, next attempt and problem."""
        with database_errors(), self._engine.begin() as connection:
            connection.execute(update(mails).where(_is(mail)).values(_values(mail)))

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Forget a mail that everybody got."""
        with database_errors(), self._engine.begin() as connection:
            connection.execute(delete(mails).where(_is(mail)))

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Forget a mail that its receivers do not get; whoever sends has reported it."""
        self.remove_sent(mail)


def insert_mail(connection: Connection, mail: OutgoingMail) -> None:
    """Keep a mail in the transaction of whoever records what it is about.

    :raises IntegrityError: one of the same Message-ID waits already
    """
    connection.execute(insert(mails).values(message_key=key_of(mail.message_id), **_values(mail)))


def _is(mail: OutgoingMail) -> Any:
    return mails.c.message_key == key_of(mail.message_id)


def _values(mail: OutgoingMail) -> dict[str, Any]:
    content: dict[str, Any] = {"receivers": mail.receivers, "subject": mail.subject}
    content |= {"text": mail.text, "html": mail.html}
    if mail.members_of is not None:
        content["members_of"] = [mail.members_of.project_id, mail.members_of.project_name]
    return {
        "message_id": mail.message_id, "created": mail.created.timestamp(), "attempts": mail.attempts,
        "next_attempt": mail.next_attempt.timestamp(), "problem": mail.problem, "content": packed(json.dumps(content)),
    }  # fmt: skip


def _mail(row: Row[Any]) -> OutgoingMail:
    content = json.loads(unpacked(row.content))
    members_of = content.get("members_of")
    return OutgoingMail(
        message_id=row.message_id,
        receivers=tuple(content["receivers"]),
        subject=content["subject"],
        text=content["text"],
        html=content["html"],
        created=datetime.fromtimestamp(row.created, timezone.utc),
        next_attempt=datetime.fromtimestamp(row.next_attempt, timezone.utc),
        attempts=row.attempts,
        problem=row.problem,
        members_of=None if members_of is None else MembersOf(*members_of),
    )
