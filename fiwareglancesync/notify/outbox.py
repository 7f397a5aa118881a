"""Mails that wait until they are sent: at least once, tried again after pauses, given up after a week (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from .mail_errors import MailError

KEPT = timedelta(days=7)
"""From its creation until a mail that cannot be sent is given up."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Between two attempts while the reason may pass by itself; each pause is twice the one before."""

REFUSED_PAUSE = timedelta(days=1)
"""Until the next attempt when somebody has to change something first: an address, a password, a certificate."""


@dataclass(frozen=True, slots=True)
class MembersOf:
    """The members of a project, as receivers of a mail: their addresses are read when it is sent.

    :param project_name: for messages
    """

    project_id: str
    project_name: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail that is not sent to everybody yet.

    :param message_id: fixed, with angle brackets: who gets a copy twice can see that it is the same
    :param receivers: the addresses that have no copy yet; none when it is written to the log
    :param subject: any text
    :param text: the plain alternative
    :param html: a whole document, "" for none
    :param created: when it was made, aware
    :param attempts: how often it was tried without success
    :param next_attempt: when it is tried next, aware
    :param problem: why the last attempt failed, "" before
    :param members_of: the project whose members get it, as long as their addresses have not been read; None otherwise
    """

    message_id: str
    receivers: tuple[str, ...]
    subject: str
    text: str
    html: str
    created: datetime
    next_attempt: datetime
    attempts: int = 0
    problem: str = ""
    members_of: MembersOf | None = None


class Outbox(Protocol):
    """Keeps mails over restarts. A mail is named by its Message-ID."""

    def add(self, mail: OutgoingMail) -> None:
        """Keep a new mail; if there is one of the same Message-ID, that one stays as it is."""

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mails whose next attempt is not after a moment, the earliest first.

        One whose next attempt is more than a day away was kept by a clock that was wrong: it is due as well.

        They come one at a time, as a body may be large. Each is changed before the next one is read.
        """

    def replace(self, mail: OutgoingMail) -> None:
        """Keep a mail with other receivers, attempts, next attempt and problem."""

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Forget a mail that everybody got."""

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Forget a mail that ``receivers`` do not get; its problem says why."""


def new_mail(
    message_id: str, receivers: tuple[str, ...] | MembersOf, subject: str, text: str, html: str, now: datetime
) -> OutgoingMail:
    """A mail that is due at once.

    :param now: the moment, aware
    """
    made = OutgoingMail(message_id, (), subject, text, html, created=now, next_attempt=now)
    if isinstance(receivers, MembersOf):
        return replace(made, members_of=receivers)
    return replace(made, receivers=receivers)


def begun(mail: OutgoingMail, now: datetime) -> OutgoingMail:
    """The mail as it is kept while it is sent: who is killed in the middle leaves it for later, each time for longer.

    :param now: the moment, aware
    """
    return replace(mail, attempts=mail.attempts + 1, next_attempt=now + _pause(mail.attempts))


def after_failure(mail: OutgoingMail, error: MailError, now: datetime) -> OutgoingMail | None:
    """The mail with its next attempt after one that failed; None when it is given up.

    A server that takes mails without saying so has each attempt delivered: the pauses are longer then.

    The last attempt is at the end of the time for which it is kept.

    :param mail: as it was before the attempt
    :param error: why it failed
    :param now: the moment, aware
    """
    end = mail.created + KEPT
    if now >= end:
        return None
    pause = _pause(mail.attempts) if error.retryable else REFUSED_PAUSE
    if error.may_be_taken:
        pause = _pause(mail.attempts, LONGEST_PAUSE, REFUSED_PAUSE)
    return replace(mail, attempts=mail.attempts + 1, next_attempt=min(now + pause, end), problem=str(error))


def _pause(attempts: int, first: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    pause = first
    for _ in range(attempts):
        if pause >= longest:
            break
        pause *= 2
    return min(pause, longest)
