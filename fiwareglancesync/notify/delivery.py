"""Sends what is due in an outbox; what fails stays there, and holds back nothing else (volumes 6)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.message import EmailMessage
from typing import Protocol

from ..base.messages import Message
from ..base.text import printable, show
from .mail_addresses import Mailbox
from .mail_errors import MailError, MailScope
from .mail_message import build_message, shortened
from .mail_settings import MailSettings
from .outbox import KEPT, Outbox, OutgoingMail, after_failure
from .smtp_session import SmtpSession

ROUND_SECONDS = 600.0
"""After which a round begins no further mail: a slow server must not keep the caller from its other work."""

log = logging.getLogger("glancesync")


class MailSession(Protocol):
    """Sends messages."""

    def send(self, message: EmailMessage, sender: str, receiver: str) -> None:
        """Send a message to one receiver.

        :raises MailError: it was not sent
        """

    def close(self) -> None:
        """End the connection."""


@dataclass
class DeliveryReport:
    """What came of a round.

    :param sent: mails that everybody got, or that were written to the log
    :param waiting: mails that are tried again
    :param given_up: mails that some receiver does not get
    :param messages: warnings and errors for the user
    """

    sent: int = 0
    waiting: int = 0
    given_up: int = 0
    messages: list[Message] = field(default_factory=list)


def send_due(
    outbox: Outbox,
    settings: MailSettings,
    now: datetime,
    *,
    connect: Callable[[MailSettings], MailSession] = SmtpSession,
    clock: Callable[[], float] = time.monotonic,
) -> DeliveryReport:
    """Send the mails that are due.

    Each receiver gets a copy of its own, so nobody sees the others. A mail without receivers, and every mail when there
    is no sender, is written to the log, and counts as sent.

    :param outbox: where the mails are; each is changed as soon as its outcome is known
    :param settings: the mail server and the sender
    :param now: the moment, aware
    :param connect: opens a connection when a mail is sent
    :param clock: seconds that only grow
    """
    end = clock() + ROUND_SECONDS
    with closing(connect(settings)) as session:
        current = _Round(outbox, settings, session, now, lambda: clock() >= end)
        for mail in outbox.due(now):
            if current.is_over():
                break
            current.handle(mail)
    return current.report


class _Round:
    """One look at the outbox; once the server has failed as a whole, it is not asked again."""

    def __init__(
        self, outbox: Outbox, settings: MailSettings, session: MailSession, now: datetime, is_over: Callable[[], bool]
    ) -> None:
        self.report = DeliveryReport()
        self.is_over = is_over
        self._outbox = outbox
        self._settings = settings
        self._session = session
        self._now = now
        self._server_error: MailError | None = None

    def handle(self, mail: OutgoingMail) -> None:
        sender = self._settings.sender
        if sender is None or not mail.receivers:
            _write_to_log(mail)
            self._finish(mail)
            return
        failed: dict[str, MailError] = {}
        for number, receiver in enumerate(mail.receivers):
            if self.is_over():
                rest = (*failed, *mail.receivers[number:])
                self._outbox.replace(replace(mail, receivers=rest))
                self.report.waiting += 1
                return
            error = self._server_error or self._send(mail, sender, receiver)
            if error is not None:
                failed[receiver] = error
        if failed:
            self._keep(replace(mail, receivers=tuple(failed)), list(failed.values()))
        else:
            self._finish(mail)

    def _send(self, mail: OutgoingMail, sender: Mailbox, receiver: str) -> MailError | None:
        try:
            message = build_message(
                sender=sender,
                receiver=receiver,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                message_id=mail.message_id,
                created=mail.created,
            )
            self._session.send(message, sender.address, receiver)
        except MailError as error:
            if error.scope is MailScope.SERVER:
                self._server_error = error
                self.report.messages.append(Message.warning(f"No mail can be sent: {error}"))
            return error
        return None

    def _finish(self, mail: OutgoingMail) -> None:
        self._outbox.remove_sent(mail)
        self.report.sent += 1

    def _keep(self, mail: OutgoingMail, errors: list[MailError]) -> None:
        """Keep a mail for those who did not get it, or give it up."""
        # One reason that may pass by itself is enough to try again soon.
        error = next((error for error in errors if error.retryable), errors[0])
        kept = after_failure(mail, error, self._now)
        subject = show(mail.subject, 120)
        if kept is None:
            self._outbox.remove_given_up(replace(mail, problem=str(error)))
            self.report.given_up += 1
            receivers = show(", ".join(mail.receivers), 200)
            text = f"Mail given up after {KEPT.days} days: '{subject}' to {receivers}: {error}"
            self.report.messages.append(Message.error(text))
            return
        self._outbox.replace(kept)
        self.report.waiting += 1
        again = f"tried again after {kept.next_attempt.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
        copies = [each for each in errors if each.scope is MailScope.COPY]
        self.report.messages += [Message.warning(f"Mail not sent, {again}: '{subject}': {each}") for each in copies]


def _write_to_log(mail: OutgoingMail) -> None:
    text = "\n".join(printable(line) for line in mail.text.splitlines())
    log.info("Mail '%s':\n%s", shortened(mail.subject), text)
