"""Notices about problems that go on: a mail when one begins, a reminder after a while, a mail when it ends.

::

    notices = ProblemNotices(engine, place, remind, write)
    notices.compare({"cluster": "it does not answer", "inventory": ""}, now)

A notice is recorded in one transaction with its mail: no kill loses one, and none is recorded twice, however many
processes share the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection, Double, Engine, Integer, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..base.database import ExactText, database_errors, key_of, metadata
from .database_outbox import insert_mail
from .outbox import OutgoingMail

problems = Table(
    "problems",
    metadata,
    Column("problem_key", String(64), primary_key=True),
    # What it is a problem of, such as a cluster, and its name there.
    Column("place_key", String(64), nullable=False, index=True),
    Column("place", ExactText, nullable=False),
    Column("name", String(64), nullable=False),
    Column("since", Double, nullable=False),
    # How many notices there were, and when the last one was.
    Column("notices", Integer, nullable=False),
    Column("noticed", Double, nullable=False),
)


class NoticeKind(Enum):
    """What a notice says."""

    BEGIN = "begin"
    REMINDER = "reminder"
    END = "end"


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """A problem of which there was a notice.

    :param since: when it began, in UTC
    :param notices: how many there were
    :param noticed: when the last one was
    """

    since: datetime
    notices: int
    noticed: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail is to say.

    :param place: what it is a problem of
    :param name: of the problem
    :param text: what is wrong now, "" when it has ended
    :param since: when it began, in UTC
    :param now: in UTC
    :param number: from 1, of all notices about this problem
    """

    kind: NoticeKind
    place: str
    name: str
    text: str
    since: datetime
    now: datetime
    number: int


def judge(text: str, known: KnownProblem | None, now: datetime, remind: timedelta) -> NoticeKind | None:
    """Which notice there is to be; None for none.

    :param text: what is wrong now, "" for nothing
    :param known: None when there was no notice
    :param remind: after how long there is a reminder, 0 for none
    """
    if known is None:
        return NoticeKind.BEGIN if text else None
    if not text:
        return NoticeKind.END
    # A clock that was ahead when the last notice was recorded puts the next one off by no more than that time.
    is_due = remind and abs(now - known.noticed) >= remind
    return NoticeKind.REMINDER if is_due else None


class ProblemNotices:
    """Compares what is wrong with what is recorded; one thread uses it.

    :param engine: the database, its tables in place
    :param place: what the problems are problems of
    :param remind: after how long there is a reminder, 0 for none
    :param write: makes the mail of a notice
    """

    def __init__(
        self, engine: Engine, place: str, remind: timedelta, write: Callable[[Notice], OutgoingMail]
    ) -> None:
        self._engine = engine
        self._place = place
        self._remind = remind
        self._write = write
        self._known: dict[str, KnownProblem] | None = None

    def compare(self, texts: Mapping[str, str], now: datetime) -> list[Notice]:
        """Record each beginning, reminder and end, with its mail.

        :param texts: what is wrong, by name, of the problems that are judged now; "" for nothing
        :param now: in UTC
        :returns: the notices that were recorded
        :raises DatabaseUnavailable: the next comparison records the rest
        """
        if self._known is None:
            self._known = self._read()
        recorded, found = self._known, []
        for name, text in texts.items():
            known = recorded.get(name)
            kind = judge(text, known, now, self._remind)
            if kind is None:
                continue
            since = now if known is None else min(known.since, now)
            notice = Notice(kind, self._place, name, text, since, now, known.notices + 1 if known else 1)
            if not self._record(notice):  # another process was faster
                recorded = self._known = self._read()
                continue
            found.append(notice)
            if kind is NoticeKind.END:
                del recorded[name]
            else:
                recorded[name] = _known(notice)
        return found

    def move(self, place: str) -> None:
        """Give the problems to another place, because it is known now what they are problems of.

        :param place: one that has a problem of the same name keeps its own
        :raises DatabaseUnavailable: nothing is changed
        """
        if place == self._place:
            return
        with database_errors(), self._engine.begin() as connection:
            there = _rows(connection, place)
            for name, known in _rows(connection, self._place).items():
                if name not in there:
                    connection.execute(insert(problems).values(_values(place, name, known)))
            connection.execute(delete(problems).where(_of_place(self._place)))
        self._place, self._known = place, None

    def _read(self) -> dict[str, KnownProblem]:
        with database_errors(), self._engine.connect() as connection:
            return _rows(connection, self._place)

    def _record(self, notice: Notice) -> bool:
        """Record a notice with its mail; whether no other process has done so."""
        with database_errors():
            try:
                with self._engine.begin() as connection:
                    if not self._claim(connection, notice):
                        return False
                    insert_mail(connection, self._write(notice))
            except IntegrityError:
                return False
        return True

    def _claim(self, connection: Connection, notice: Notice) -> bool:
        row = _values(notice.place, notice.name, _known(notice))
        if notice.kind is NoticeKind.BEGIN:
            connection.execute(insert(problems).values(row))
            return True
        is_unchanged = (
            problems.c.problem_key == row["problem_key"], problems.c.notices == notice.number - 1
        )  # fmt: skip
        change: Any = delete(problems)
        if notice.kind is NoticeKind.REMINDER:
            change = update(problems).values(row)
        return bool(connection.execute(change.where(*is_unchanged)).rowcount)


def _known(notice: Notice) -> KnownProblem:
    return KnownProblem(notice.since, notice.number, notice.now)


def _rows(connection: Connection, place: str) -> dict[str, KnownProblem]:
    found = connection.execute(select(problems).where(_of_place(place)))
    return {row.name: KnownProblem(_moment(row.since), row.notices, _moment(row.noticed)) for row in found}


def _of_place(place: str) -> Any:
    return problems.c.place_key == key_of(place)


def _values(place: str, name: str, known: KnownProblem) -> dict[str, Any]:
    return {
        "problem_key": key_of(f"{key_of(place)} {name}"), "place_key": key_of(place), "place": place, "name": name,
        "since": known.since.timestamp(), "notices": known.notices, "noticed": known.noticed.timestamp(),
    }  # fmt: skip


def _moment(stored: float) -> datetime:
    return datetime.fromtimestamp(stored, timezone.utc)
