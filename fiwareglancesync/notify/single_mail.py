"""Sends one mail at once, without an outbox that outlives the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from .delivery import DeliveryReport, MailSession, send_due
from .mail_settings import MailSettings
from .outbox import REFUSED_PAUSE, OutgoingMail
from .smtp_session import SmtpSession


class SingleOutbox:
    """Has one mail; implements ``Outbox``. What is not sent is lost, so whoever calls has to report it.

    :param mail: the mail
    :ivar is_done: whether the mail was sent, or given up
    """

    def __init__(self, mail: OutgoingMail) -> None:
        self.mail = mail
        self.is_done = False

    def add(self, mail: OutgoingMail) -> None:
        """Take another mail in its place."""
        self.mail, self.is_done = mail, False

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mail, unless its next attempt is later, by a clock that was right."""
        wait = self.mail.next_attempt - now
        if not self.is_done and not timedelta(0) < wait <= REFUSED_PAUSE:
            yield self.mail

    def replace(self, mail: OutgoingMail) -> None:
        """Keep the mail with what came of an attempt."""
        self.mail = mail

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Take note that everybody has it."""
        self.is_done = True

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Take note that not everybody gets it."""
        self.is_done = True


def send_now(
    mail: OutgoingMail,
    settings: MailSettings,
    now: datetime,
    connect: Callable[[MailSettings], MailSession] = SmtpSession,
) -> DeliveryReport:
    """Send a mail once.

    :param mail: names its receivers itself
    :param now: the moment, aware
    :param connect: opens a connection
    """
    return send_due(SingleOutbox(mail), settings, lambda project: (), now, connect=connect)
