"""The mail about a database that cannot record one: it is kept in memory (snapshots 4.9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ...notify.outbox import OutgoingMail
from ...notify.problem_notices import KnownProblem, Notice, NoticeKind, judge
from ...notify.single_mail import SingleOutbox

PATIENCE = timedelta(minutes=5)
"""How long nothing can be recorded until there is a mail: databases are restarted."""


class UnrecordedProblem:
    """Knows since when nothing can be recorded; a restart forgets it, and then there is another mail.

    :param name: of the problem
    :param remind: after how long there is a reminder, 0 for none
    :param write: makes the mail of a notice
    """

    def __init__(self, name: str, remind: timedelta, write: Callable[[Notice], OutgoingMail]) -> None:
        self.waiting: SingleOutbox | None = None
        self._name = name
        self._remind = remind
        self._write = write
        self._since: datetime | None = None
        self._known: KnownProblem | None = None

    def goes_on(self, text: str, place: str, now: datetime) -> bool:
        """Take note that nothing can be recorded; whether there is another mail.

        :param text: why
        :param place: what it is a problem of
        :param now: in UTC
        """
        since = self._since = now if self._since is None else min(self._since, now)
        kind = judge(text, self._known, now, self._remind) if now - since >= PATIENCE else None
        if kind is None:
            return False
        notice = self._notice(kind, text, place, since, now)
        self._known = KnownProblem(since, notice.number, now)
        self.waiting = SingleOutbox(self._write(notice))
        return True

    def end_mail(self, place: str, now: datetime) -> OutgoingMail | None:
        """The mail about the end, None when there was none about the problem."""
        if self._known is None:
            return None
        return self._write(self._notice(NoticeKind.END, "", place, self._known.since, now))

    def forget(self) -> None:
        """Take note that something was recorded."""
        self._since = self._known = None

    def _notice(self, kind: NoticeKind, text: str, place: str, since: datetime, now: datetime) -> Notice:
        number = self._known.notices + 1 if self._known else 1
        return Notice(kind, place, self._name, text, since, now, number)
