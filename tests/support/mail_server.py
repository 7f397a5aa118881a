"""A real mail server on loopback (aiosmtpd): it keeps what it takes, and refuses, delays or breaks off on cue."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_settings import MailSettings

CLOSE, HANG = "close", "hang"
"""Answers that are none: the connection is closed, or nothing comes until the end of the test."""

TAKEN = "250 OK"


@dataclass
class ReceivedMail:
    """A mail as the server took it.

    :param raw: its bytes
    """

    sender: str
    receiver: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        return message_from_bytes(self.raw, policy=default)

    def body(self, subtype: str) -> str:
        """The text of an alternative.

        :param subtype: ``plain`` or ``html``
        """
        (part,) = [each for each in self.message.walk() if each.get_content_type() == f"text/{subtype}"]
        return str(part.get_content())


@dataclass
class MailServer:
    """What the server does, and what it has.

    :param port: where it listens
    :param answers: what it says to ``RCPT`` of an address, one answer after the other, then takes it
    :param data_answers: the same after the content of a mail
    :param answers_after_taking: the same once the mail is taken
    :param received: the mails that it took
    :param connections: how many were made
    :param users: passwords by user, for servers that want a login
    """

    port: int = 0
    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    data_answers: list[str] = field(default_factory=list)
    answers_after_taking: list[str] = field(default_factory=list)
    received: list[ReceivedMail] = field(default_factory=list)
    connections: int = 0
    users: dict[str, str] = field(default_factory=dict)

    def settings(self, **others: Any) -> MailSettings:
        """Settings that lead to this server."""
        sender = Mailbox("glancesync@example.org", "GlanceSync")
        return MailSettings(**{"smtp_host": "127.0.0.1", "smtp_port": self.port, "sender": sender, **others})

    @property
    def receivers(self) -> list[str]:
        """Who got mail, in the order of the mails."""
        return [mail.receiver for mail in self.received]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a receiver, or not."""
        answer = await self._answer(server, self.answers[address])
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail, or not."""
        answer = await self._answer(server, self.data_answers)
        if answer == TAKEN:
            content = cast(bytes, envelope.content)
            self.received += [ReceivedMail(str(envelope.mail_from), each, content) for each in envelope.rcpt_tos]
            return await self._answer(server, self.answers_after_taking)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        """Check user and password."""
        right = isinstance(given, LoginPassword) and self.users.get(given.login.decode()) == given.password.decode()
        return AuthResult(success=right, handled=False)

    async def _answer(self, server: SMTP, answers: list[str]) -> str:
        answer = answers.pop(0) if answers else TAKEN
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == CLOSE:
            cast(asyncio.Transport, server.transport).abort()
        return answer


@contextmanager
def mail_server(
    certificate: Path | None = None, *, implicit_tls: bool = False, login: bool = False
) -> Iterator[MailServer]:
    """Run a mail server.

    :param certificate: with its key, for a server that offers STARTTLS, None for one without
    :param implicit_tls: encrypt from the start instead
    :param login: whether it takes mail only after a login
    """
    server = MailServer()
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def protocol() -> SMTP:
        server.connections += 1
        return SMTP(
            server,
            hostname="mail.example.org",
            ident="ready",
            tls_context=None if implicit_tls else context,
            authenticator=server.authenticate,
            auth_required=login,
            auth_require_tls=context is not None and not implicit_tls,
            loop=loop,
        )

    async def serve() -> None:
        async with await loop.create_server(protocol, sock=listener, ssl=context if implicit_tls else None):
            await ended.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join()
            loop.run_until_complete(asyncio.sleep(0))  # tasks see that they are cancelled
            loop.close()


@contextmanager
def odd_server(said: bytes) -> Iterator[int]:
    """A server that says something to everybody who connects, and then closes the connection; yields its port.

    :param said: the bytes; none at all for a server that stays silent
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            held = []
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                if said:
                    connection.sendall(said)
                    connection.close()
                else:
                    held.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
