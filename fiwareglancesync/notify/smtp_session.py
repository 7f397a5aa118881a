"""A connection to the mail server, over which mails go one after the other; its failures become errors of mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Any

from ..base.errors import system_error
from ..base.text import one_line
from ..base.units import readable_duration
from .mail_errors import (
    ConnectionBroke,
    ContentRefused,
    LoginRefused,
    MailError,
    ReceiverRefused,
    SenderRefused,
    ServerRefused,
    ServerUnreachable,
    TlsFailed,
    Unanswered,
)
from .mail_settings import MailSettings, SmtpTls

ANSWER_TIMEOUT_SECONDS = 60.0
"""For each answer of the server."""

TAKING_TIMEOUT_SECONDS = 600.0
"""For its answer to a whole mail, which it may check: who leaves earlier sends it twice (RFC 5321, 4.5.3.2.6)."""

QUIT_TIMEOUT_SECONDS = 5.0
"""For its answer to our last word, which changes nothing any more."""


class SmtpSession:
    """A connection to the mail server, made when the first mail is sent, and again after it broke.

    :param settings: which server, and how
    :param timeout: seconds for each answer
    :param taking_timeout: seconds for the answer to a whole mail
    """

    def __init__(
        self,
        settings: MailSettings,
        timeout: float = ANSWER_TIMEOUT_SECONDS,
        taking_timeout: float = TAKING_TIMEOUT_SECONDS,
    ) -> None:
        self._settings = settings
        self._timeout = timeout
        self._taking_timeout = taking_timeout
        self._connection: _Connection | None = None

    def send(self, message: EmailMessage, sender: str, receiver: str) -> None:
        """Send a message to one receiver.

        :param message: the message
        :param sender: the address that failures are returned to
        :param receiver: the address
        :raises MailError: it was not sent; after ``Unanswered`` it may have been
        """
        if self._connection is None:
            self._connection = _open(self._settings, self._timeout)
            self._connection.taking_timeout = self._taking_timeout
        connection = self._connection
        try:
            with _errors_of_a_copy(self._settings.server, receiver, connection):
                connection.sendmail(sender, [receiver], message.as_bytes())
        except MailError:
            self._begin_anew(connection)
            raise
        except BaseException:  # such as a signal: the server is not waited for
            self._connection = None
            connection.close()
            raise

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                if connection.sock is not None:
                    connection.sock.settimeout(min(self._timeout, QUIT_TIMEOUT_SECONDS))
                connection.quit()
            connection.close()

    def _begin_anew(self, connection: smtplib.SMTP) -> None:
        """Make the connection ready for another mail, or give it up."""
        with suppress(OSError, smtplib.SMTPException):
            if connection.sock is not None:
                connection.rset()
        if connection.sock is None:
            self._connection = None


class _Connection(smtplib.SMTP):
    """Waits longer for the answer to a whole mail than for other answers.

    :ivar is_sent: whether the server has the whole mail that is being sent, or was sent last
    """

    taking_timeout = TAKING_TIMEOUT_SECONDS
    is_sent = False

    @property
    def answer_timeout(self) -> float:
        """Seconds for the answer that is waited for."""
        return self.taking_timeout if self.is_sent else self.timeout

    def sendmail(self, *args: Any, **options: Any) -> Any:
        """Send a mail."""
        self.is_sent = False
        return super().sendmail(*args, **options)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the content of a mail."""
        answer = super().data(msg)
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        return answer

    def send(self, s: Any) -> None:
        """Send a command, or the content of a mail, which alone is bytes."""
        super().send(s)
        if not isinstance(s, str) and self.sock is not None:
            self.is_sent = True
            self.sock.settimeout(self.taking_timeout)


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


def _open(settings: MailSettings, timeout: float) -> _Connection:
    """Connect, encrypt and sign in.

    :raises MailError: that is not possible
    """
    context = None if settings.smtp_tls is SmtpTls.NONE else _context(settings)
    with _errors_of_the_server(settings, timeout):
        if settings.smtp_tls is SmtpTls.TLS:
            connection: _Connection = _TlsConnection(
                settings.smtp_host, settings.smtp_port, timeout=timeout, context=context
            )
        else:
            connection = _Connection(settings.smtp_host, settings.smtp_port, timeout=timeout)
        opened = False
        try:
            connection.ehlo_or_helo_if_needed()
            if settings.smtp_tls is SmtpTls.STARTTLS:
                _encrypt(connection, settings, context)
            if settings.smtp_user:
                _sign_in(connection, settings)
            opened = True
        finally:
            if not opened:
                connection.close()
    return connection


def _context(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.smtp_cacert or None)
    except ssl.SSLError as error:
        raise TlsFailed(f"[notify] smtp_cacert: {settings.smtp_cacert} holds no certificate in PEM") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TlsFailed(f"[notify] smtp_cacert: {settings.smtp_cacert} cannot be read: {reason}") from error


def _encrypt(connection: smtplib.SMTP, settings: MailSettings, context: ssl.SSLContext | None) -> None:
    try:
        connection.starttls(context=context)
    except smtplib.SMTPNotSupportedError as error:
        raise TlsFailed(f"{settings.server} offers no STARTTLS; see [notify] smtp_tls and smtp_port") from error
    except smtplib.SMTPResponseException as error:
        raise TlsFailed(f"{settings.server} refuses STARTTLS: {_reply(error)}", error.smtp_code) from error


def _sign_in(connection: smtplib.SMTP, settings: MailSettings) -> None:
    user = one_line(settings.smtp_user)
    try:
        connection.login(settings.smtp_user, settings.smtp_password)
    except smtplib.SMTPNotSupportedError as error:
        raise LoginRefused(
            f"{settings.server} offers no login; many servers offer it only with [notify] smtp_tls"
        ) from error
    except smtplib.SMTPResponseException as error:
        text = f"{settings.server} does not accept the login of {user}: {_reply(error)}"
        raise LoginRefused(text, error.smtp_code) from error
    except (smtplib.SMTPServerDisconnected, OSError):
        raise
    except smtplib.SMTPException as error:  # none of the ways to sign in is known here
        raise LoginRefused(f"{settings.server}: {one_line(str(error))}") from error


@contextmanager
def _errors_of_the_server(settings: MailSettings, timeout: float) -> Iterator[None]:
    """Make the program's errors of what fails before the first mail."""
    server = settings.server
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TlsFailed(f"the certificate of {server} is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        reason = one_line(error.reason or str(error))
        raise TlsFailed(f"no TLS with {server}: {reason}; see [notify] smtp_tls and smtp_port") from error
    except smtplib.SMTPResponseException as error:
        raise ServerRefused(f"{server} refuses the connection: {_reply(error)}", error.smtp_code) from error
    except smtplib.SMTPServerDisconnected as error:
        raise ServerUnreachable(f"{server} {_silence(error, timeout)}") from error
    except TimeoutError as error:
        raise ServerUnreachable(f"{server} {_no_answer(timeout)}") from error
    except OSError as error:
        raise ServerUnreachable(f"{server} cannot be reached: {system_error(error)}") from error


@contextmanager
def _errors_of_a_copy(server: str, receiver: str, connection: _Connection) -> Iterator[None]:
    """Make the program's errors of what fails while a mail is sent."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = error.recipients[receiver]
        text = f"{server} does not accept the receiver {receiver}: {_words(code, reply)}"
        raise ReceiverRefused(text, code) from error
    except smtplib.SMTPSenderRefused as error:
        text = f"{server} does not accept a mail from {error.sender}: {_reply(error)}"
        raise SenderRefused(text, error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        text = f"{server} does not accept the mail to {receiver}: {_reply(error)}"
        raise ContentRefused(text, error.smtp_code) from error
    except smtplib.SMTPServerDisconnected as error:
        text = f"{server} {_silence(error, connection.answer_timeout)}"
        if connection.is_sent:
            raise Unanswered(f"{text}: it has the mail to {receiver}, and may deliver it") from error
        raise ConnectionBroke(f"{text} while the mail to {receiver} was sent") from error
    except TimeoutError as error:
        text = f"{server} {_no_answer(connection.answer_timeout)} while the mail to {receiver} was sent"
        raise ConnectionBroke(text) from error
    except OSError as error:
        text = f"{server}: the connection broke while the mail to {receiver} was sent: {system_error(error)}"
        raise ConnectionBroke(text) from error


def _silence(error: smtplib.SMTPServerDisconnected, timeout: float) -> str:
    # smtplib makes this error of a time-out too.
    return _no_answer(timeout) if isinstance(error.__context__, TimeoutError) else "closed the connection"


def _no_answer(timeout: float) -> str:
    return f"did not answer within {readable_duration(timeout)}"


def _reply(error: smtplib.SMTPResponseException) -> str:
    return _words(error.smtp_code, error.smtp_error)


def _words(code: int, reply: bytes | str) -> str:
    """The words of a server in one line; a code below zero stands for none."""
    text = one_line(reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply)
    return f"{code} {text}".strip() if code > 0 else f"its answer is none of SMTP ({text})"
