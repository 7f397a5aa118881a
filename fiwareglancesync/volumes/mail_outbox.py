"""Mails that wait in the database until they are sent (volumes 6)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select, update

from ..base.database import database_errors, key_of
from ..notify.outbox import OutgoingMail
from .volume_rows import make_row, moment, seconds
from .volume_tables import mails


class MailOutbox:
    """The mails of a database.

    Every method raises :class:`~fiwareglancesync.base.errors.DatabaseUnavailable` when the database cannot be used.

    :param engine: the database, its tables in place
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, mail: OutgoingMail) -> None:
        """Keep a new mail; if there is one of the same Message-ID, that one stays as it is."""
        values = {"message_id": mail.message_id, "created": seconds(mail.created), **_changing(mail)}
        make_row(self._engine, mails, _key(mail), values)

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mails whose next attempt is not after a moment, the earliest first; each is read when it is its turn."""
        due = mails.c.next_attempt <= seconds(now)
        query = select(mails.c.message_key).where(due).order_by(mails.c.next_attempt, mails.c.message_key)
        with database_errors(), self._engine.connect() as connection:
            keys = connection.execute(query).scalars().all()
        for key in keys:
            with database_errors(), self._engine.connect() as connection:
                row = connection.execute(select(mails).where(mails.c.message_key == key, due)).one_or_none()
            if row is not None:
                yield _mail(row)

    def replace(self, mail: OutgoingMail) -> None:
        """Keep a mail with other receivers, attempts, next attempt and problem."""
        with database_errors(), self._engine.begin() as connection:
            connection.execute(update(mails).filter_by(**_key(mail)).values(_changing(mail)))

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Forget a mail that everybody got."""
        self._remove(mail)

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Forget a mail that somebody does not get."""
        self._remove(mail)

    def _remove(self, mail: OutgoingMail) -> None:
        with database_errors(), self._engine.begin() as connection:
            connection.execute(delete(mails).filter_by(**_key(mail)))


def _key(mail: OutgoingMail) -> dict[str, str]:
    return {"message_key": key_of(mail.message_id)}


def _changing(mail: OutgoingMail) -> dict[str, Any]:
    """The columns that an attempt changes; the receivers are in the content."""
    content = {"receivers": mail.receivers, "subject": mail.subject, "text": mail.text, "html": mail.html}
    return {
        "next_attempt": seconds(mail.next_attempt),
        "attempts": mail.attempts,
        "problem": mail.problem,
        "content": zlib.compress(json.dumps(content).encode("ascii")),
    }


def _mail(row: Any) -> OutgoingMail:
    content = json.loads(zlib.decompress(row.content))
    return OutgoingMail(
        row.message_id,
        tuple(content["receivers"]),
        content["subject"],
        content["text"],
        content["html"],
        created=moment(row.created),
        next_attempt=moment(row.next_attempt),
        attempts=row.attempts,
        problem=row.problem,
    )
