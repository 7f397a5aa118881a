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

from ..base.errors import CloudError, Scope
from ..base.messages import Message
from ..base.text import printable, show
from .mail_addresses import Mailbox, Members, Receivers, member_receivers
from .mail_errors import MailError, MailScope, MembersUnread, NoMembersReadable
from .mail_message import build_message, shortened
from .mail_settings import MailSettings
from .outbox import KEPT, MembersOf, Outbox, OutgoingMail, after_failure, begun
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
    members: Members,
    now: datetime,
    *,
    connect: Callable[[MailSettings], MailSession] = SmtpSession,
    clock: Callable[[], float] = time.monotonic,
) -> DeliveryReport:
    """Send the mails that are due.

    Each receiver gets a copy of its own, so nobody sees the others. A mail without receivers, and every mail when there
    is no sender, is written to the log, and counts as sent.

    :param outbox: where the mails are; each is changed before it is sent, and as soon as a receiver has it
    :param settings: the mail server and the sender
    :param members: reads the addresses of a project's members
    :param now: the moment, aware
    :param connect: opens a connection when a mail is sent
    :param clock: seconds that only grow
    """
    end = clock() + ROUND_SECONDS
    with closing(connect(settings)) as session:
        current = _Round(outbox, settings, members, session, now, lambda: clock() >= end)
        for mail in outbox.due(now):
            if current.is_over():
                break
            current.handle(mail)
    return current.report


class _Round:
    """One look at the outbox; once a server has failed as a whole, it is not asked again."""

    def __init__(
        self,
        outbox: Outbox,
        settings: MailSettings,
        members: Members,
        session: MailSession,
        now: datetime,
        is_over: Callable[[], bool],
    ) -> None:
        self.report = DeliveryReport()
        self.is_over = is_over
        self._outbox = outbox
        self._settings = settings
        self._members = members
        self._session = session
        self._now = now
        self._server_error: MailError | None = None
        self._members_error: MailError | None = None

    def handle(self, mail: OutgoingMail) -> None:
        sender = self._settings.sender
        if sender is None or not (mail.receivers or mail.members_of):
            _write_to_log(mail)
            self._finish(mail)
        elif mail.members_of is None:
            self._send_copies(mail, sender)
        else:
            self._send_to_members(mail, sender, mail.members_of)

    def _send_to_members(self, mail: OutgoingMail, sender: Mailbox, project: MembersOf) -> None:
        """Read the addresses of the members, and send them a mail; nobody else may have one."""
        try:
            found = self._read_members(project)
        except MailError as error:
            self._keep(mail, [error])
            return
        self.report.messages += [Message.warning(warning) for warning in found.warnings]
        if found.addresses:
            self._send_copies(replace(mail, receivers=found.addresses, members_of=None), sender)
        else:
            self._outbox.remove_sent(mail)

    def _read_members(self, project: MembersOf) -> Receivers:
        if self._members_error is not None:
            raise self._members_error
        try:
            return member_receivers(project.project_id, project.project_name, self._members)
        except CloudError as error:
            if error.scope is Scope.IMAGE:
                who = f"project {show(project.project_name)} ({project.project_id})"
                raise MembersUnread(f"the members of {who} cannot be read: {error}") from error
            self._members_error = NoMembersReadable(f"the members of projects cannot be read: {error}")
            self.report.messages.append(Message.warning(f"Mails to members of projects wait: {self._members_error}"))
            raise self._members_error from error

    def _send_copies(self, mail: OutgoingMail, sender: Mailbox) -> None:
        failed: dict[str, MailError] = {}
        if self._server_error is None:  # what cannot be recorded is not sent: it would be sent again and again
            self._outbox.replace(begun(mail, self._now))
        for number, receiver in enumerate(mail.receivers):
            if self.is_over():
                self._interrupt(replace(mail, receivers=(*mail.receivers[number:], *failed)), list(failed.values()))
                return
            error = self._server_error or self._send(mail, sender, receiver)
            rest = (*failed, *mail.receivers[number + 1 :])
            if error is not None:
                failed[receiver] = error
            elif rest:  # who is killed from here on sends this copy to nobody again
                self._outbox.replace(begun(replace(mail, receivers=rest), self._now))
        if failed:
            self._keep(replace(mail, receivers=tuple(failed)), list(failed.values()))
        else:
            self._finish(mail)

    def _interrupt(self, mail: OutgoingMail, errors: list[MailError]) -> None:
        """Keep a mail whose other copies are for the next round.

        Copies that failed come last, and later: else they would take all the time of the next round again.

        :param mail: for those who have no copy yet
        """
        if errors:
            self._keep(mail, errors)
        else:
            self._outbox.replace(mail)
            self.report.waiting += 1

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
        # One reason that may pass by itself is enough to try again soon, unless somebody may get a copy each time.
        soon = next((error for error in errors if error.retryable), errors[0])
        error = next((error for error in errors if error.may_be_taken), soon)
        kept = after_failure(mail, error, self._now)
        subject = show(mail.subject, 120)
        if kept is None:
            self._outbox.remove_given_up(replace(mail, problem=str(error)))
            self.report.given_up += 1
            receivers = show(", ".join(mail.receivers) or _members_text(mail), 200)
            text = f"Mail given up after {KEPT.days} days: '{subject}' to {receivers}: {error}"
            self.report.messages.append(Message.error(text))
            return
        self._outbox.replace(kept)
        self.report.waiting += 1
        again = f"tried again after {kept.next_attempt.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
        copies = [each for each in errors if each.scope is MailScope.COPY]
        self.report.messages += [Message.warning(f"Mail not sent, {again}: '{subject}': {each}") for each in copies]


def _members_text(mail: OutgoingMail) -> str:
    return "" if mail.members_of is None else f"the members of project {mail.members_of.project_name}"


def _write_to_log(mail: OutgoingMail) -> None:
    text = "\n".join(printable(line) for line in mail.text.splitlines())
    log.info("Mail '%s':\n%s", shortened(mail.subject), text)
