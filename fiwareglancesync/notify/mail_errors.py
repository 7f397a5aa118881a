"""Why a mail was not sent; each error is one line with the server, what it said, and what to do."""

from __future__ import annotations

from enum import Enum

from ..base.errors import GlanceSyncError

FIRST_PERMANENT_CODE = 500
"""Replies below it are about the present; the same request may succeed later."""


class MailScope(Enum):
    """What is not sent because of an error."""

    COPY = "copy"
    """The copy of one receiver."""

    SERVER = "server"
    """Everything that needs the same server."""


class MailError(GlanceSyncError):
    """A mail was not sent.

    :param text: one line
    :param code: the server's reply, None when there was none
    :ivar may_be_taken: whether the receiver may have it all the same, and the next attempt is another copy for him
    """

    scope = MailScope.COPY
    retryable_without_code = True
    may_be_taken = False

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code

    @property
    def retryable(self) -> bool:
        """Whether the same may succeed soon, without anybody changing anything."""
        return self.retryable_without_code if self.code is None else self.code < FIRST_PERMANENT_CODE


class ReceiverRefused(MailError):
    """The server does not accept the receiver; with 4xx for now, as by greylisting."""


class SenderRefused(MailError):
    """The server does not accept the sender, or a mail of this size."""


class ContentRefused(MailError):
    """The server does not accept the content of the mail."""


class ConnectionBroke(MailError):
    """The server closed the connection, or did not answer in time, before it had the whole mail."""


class Unanswered(ConnectionBroke):
    """The server closed the connection, or did not answer in time, when it had the whole mail."""

    may_be_taken = True


class Malformed(MailError):
    """No message can be made of the mail."""

    retryable_without_code = False


class MembersUnread(MailError):
    """The addresses of a project's members cannot be read now."""


class NoMembersReadable(MembersUnread):
    """The addresses of no project's members can be read now."""

    scope = MailScope.SERVER


class ServerUnreachable(MailError):
    """There is no connection to the server."""

    scope = MailScope.SERVER


class ServerRefused(MailError):
    """The server does not serve us: its greeting or its answer to ours says so."""

    scope = MailScope.SERVER


class TlsFailed(MailError):
    """The connection cannot be encrypted, or the certificate is not valid."""

    scope = MailScope.SERVER
    retryable_without_code = False


class LoginRefused(MailError):
    """The server does not accept user and password, or offers no login."""

    scope = MailScope.SERVER
    retryable_without_code = False
