"""A real mail server takes, refuses, delays and breaks off; the session sends, or says why not (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_errors import (
    ConnectionBroke,
    ContentRefused,
    LoginRefused,
    MailError,
    MailScope,
    ReceiverRefused,
    ServerRefused,
    ServerUnreachable,
    TlsFailed,
    Unanswered,
)
from fiwareglancesync.notify.mail_message import build_message
from fiwareglancesync.notify.mail_settings import MailSettings, SmtpTls
from fiwareglancesync.notify.smtp_session import SmtpSession
from tests.support.mail_server import CLOSE, HANG, MailServer, mail_server, odd_server

SENDER = Mailbox("glancesync@example.org", "GlanceSync")


def send(session: SmtpSession, receiver: str = "ops@example.org", text: str = "plain") -> None:
    message = build_message(
        sender=SENDER,
        receiver=receiver,
        subject="Größe",
        text=text,
        html="<p>é</p>",
        message_id="<1@example.org>",
        created=datetime(2026, 11, 28, 6, tzinfo=timezone.utc),
    )
    session.send(message, SENDER.address, receiver)


def failure(settings: MailSettings, timeout: float = 20.0, taking_timeout: float = 20.0) -> MailError:
    """The error of one mail."""
    session = SmtpSession(settings, timeout, taking_timeout)
    with pytest.raises(MailError) as caught:
        send(session)
    session.close()
    assert str(caught.value).isprintable()
    return caught.value


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without TLS and login."""
    with mail_server() as running:
        yield running


@pytest.fixture
def session(server: MailServer) -> Iterator[SmtpSession]:
    """A session with it."""
    opened = SmtpSession(server.settings())
    yield opened
    opened.close()


def test_mails_arrive_over_one_connection(server: MailServer, session: SmtpSession) -> None:
    send(session, text="first\n.\n.. dots\nMAIL FROM:<x@y>\né")
    send(session, "second@example.org")
    assert (server.receivers, server.connections) == (["ops@example.org", "second@example.org"], 1)
    mail = server.received[0]
    assert (mail.sender, mail.message["Subject"]) == ("glancesync@example.org", "Größe")
    assert mail.body("plain").splitlines() == ["first", ".", ".. dots", "MAIL FROM:<x@y>", "é"]
    assert mail.body("html").strip() == "<p>é</p>"


@pytest.mark.parametrize(
    ("answer", "retryable"), [("451 4.7.1 Greylisted, try later", True), ("550 5.1.1 No such user", False)]
)
def test_a_receiver_that_is_refused_is_one_and_the_next_one_gets_mail(
    server: MailServer, session: SmtpSession, answer: str, retryable: bool
) -> None:
    server.answers["ops@example.org"] = [answer]
    with pytest.raises(ReceiverRefused) as caught:
        send(session)
    assert (caught.value.retryable, caught.value.scope) == (retryable, MailScope.COPY)
    assert str(caught.value) == f"127.0.0.1:{server.port} does not accept the receiver ops@example.org: {answer}"
    send(session, "second@example.org")
    send(session)
    assert (server.receivers, server.connections) == (["second@example.org", "ops@example.org"], 1)


@pytest.mark.parametrize(("answer", "retryable"), [("452 full", True), ("554 5.7.1 spam", False)])
def test_content_that_is_refused_is_one_and_the_next_mail_is_taken(
    server: MailServer, session: SmtpSession, answer: str, retryable: bool
) -> None:
    server.data_answers = [answer]
    with pytest.raises(ContentRefused, match=answer) as caught:
        send(session)
    assert caught.value.retryable is retryable
    send(session, "second@example.org")
    assert (server.receivers, server.connections) == (["second@example.org"], 1)


@pytest.mark.parametrize("answer", [CLOSE, "421 4.3.2 Shutting down"])
def test_after_a_connection_that_ends_a_new_one_is_made(
    server: MailServer, session: SmtpSession, answer: str
) -> None:
    server.answers["ops@example.org"] = [answer]
    with pytest.raises((ConnectionBroke, ReceiverRefused)) as caught:
        send(session)
    assert (caught.value.retryable, caught.value.scope) == (True, MailScope.COPY)
    send(session)
    assert (server.receivers, server.connections) == (["ops@example.org"], 2)


def test_a_server_that_stops_to_answer_is_left_after_the_timeout(server: MailServer) -> None:
    server.answers["ops@example.org"] = [HANG]
    error = failure(server.settings(), timeout=2.0)
    assert isinstance(error, ConnectionBroke)
    assert (error.retryable, error.may_be_taken) == (True, False)
    assert str(error).endswith("did not answer within 2 s while the mail to ops@example.org was sent")


@pytest.mark.parametrize(
    ("answer", "words"), [(HANG, "did not answer within 2 s"), (CLOSE, "closed the connection")]
)
def test_a_server_that_does_not_say_whether_it_takes_a_mail_may_have_taken_it(
    server: MailServer, answer: str, words: str
) -> None:
    server.answers_after_taking = [answer]
    error = failure(server.settings(), taking_timeout=2.0)
    assert isinstance(error, Unanswered)
    assert error.may_be_taken
    assert str(error).endswith(f"{words}: it has the mail to ops@example.org, and may deliver it")


def test_other_answers_are_waited_for_less_also_after_a_mail(server: MailServer) -> None:
    server.answers["second@example.org"] = [HANG]
    session = SmtpSession(server.settings(), timeout=2.0, taking_timeout=60.0)
    send(session)
    with pytest.raises(ConnectionBroke, match="did not answer within 2 s"):
        send(session, "second@example.org")
    session.close()


class TestServersThatServeNobody:
    def test_nobody_listens(self) -> None:
        with odd_server(b"") as port:
            pass
        error = failure(MailSettings(smtp_host="127.0.0.1", smtp_port=port))
        assert isinstance(error, ServerUnreachable)
        assert str(error) == f"127.0.0.1:{port} cannot be reached: Connection refused"
        assert (error.scope, error.retryable) == (MailScope.SERVER, True)

    def test_the_name_is_not_known(self) -> None:
        error = failure(MailSettings(smtp_host="mail.invalid"))
        assert isinstance(error, ServerUnreachable)
        assert "mail.invalid:25 cannot be reached: " in str(error)

    @pytest.mark.parametrize(
        ("said", "kind", "retryable", "words"),
        [
            (b"554 5.7.1 You are blocked\r\n", ServerRefused, False, "refuses the connection: 554 5.7.1 You are"),
            (b"421 Too busy\r\n", ServerRefused, True, "refuses the connection: 421 Too busy"),
            (b"SSH-2.0-OpenSSH\r\n", ServerRefused, True, "its answer is none of SMTP (2.0-OpenSSH)"),
            (b"\x1b[31m\xff\xfe\r\n", ServerRefused, True, "its answer is none of SMTP"),
            (b"220 ready\r\n", ServerUnreachable, True, "closed the connection"),
            (b"", ServerUnreachable, True, "did not answer within"),
        ],
    )
    def test_the_greeting_is_none(self, said: bytes, kind: type, retryable: bool, words: str) -> None:
        with odd_server(said) as port:
            error = failure(MailSettings(smtp_host="127.0.0.1", smtp_port=port), timeout=20.0 if said else 0.5)
        assert type(error) is kind
        assert (error.scope, error.retryable) == (MailScope.SERVER, retryable)
        assert words in str(error)


class TestTls:
    @pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.TLS])
    def test_mail_arrives_over_a_connection_that_is_verified(self, certificate: Path, tls: SmtpTls) -> None:
        with mail_server(certificate, implicit_tls=tls is SmtpTls.TLS) as server:
            session = SmtpSession(server.settings(smtp_tls=tls, smtp_cacert=str(certificate)))
            send(session)
            session.close()
            assert server.receivers == ["ops@example.org"]

    @pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.TLS])
    def test_a_certificate_of_an_unknown_authority_is_refused(self, certificate: Path, tls: SmtpTls) -> None:
        with mail_server(certificate, implicit_tls=tls is SmtpTls.TLS) as server:
            error = failure(server.settings(smtp_tls=tls))
        assert isinstance(error, TlsFailed)
        assert (error.scope, error.retryable) == (MailScope.SERVER, False)
        assert f"the certificate of 127.0.0.1:{server.port} is not valid: self-signed certificate" in str(error)

    def test_a_certificate_of_another_host_is_refused(self, certificate: Path) -> None:
        with mail_server(certificate) as server:
            others = {"smtp_host": "localhost", "smtp_tls": SmtpTls.STARTTLS, "smtp_cacert": str(certificate)}
            error = failure(server.settings(**others))
        assert isinstance(error, TlsFailed)
        assert "is not valid for 'localhost'" in str(error)

    def test_without_starttls_nothing_is_sent(self, server: MailServer) -> None:
        error = failure(server.settings(smtp_tls=SmtpTls.STARTTLS))
        assert isinstance(error, TlsFailed)
        assert str(error) == f"127.0.0.1:{server.port} offers no STARTTLS; see [notify] smtp_tls and smtp_port"
        assert server.received == []

    def test_a_server_without_tls_is_named(self, server: MailServer) -> None:
        error = failure(server.settings(smtp_tls=SmtpTls.TLS))
        assert isinstance(error, TlsFailed)
        assert str(error).startswith(f"no TLS with 127.0.0.1:{server.port}: ")
        assert str(error).endswith("; see [notify] smtp_tls and smtp_port")

    @pytest.mark.parametrize(
        ("content", "words"),
        [(None, "cannot be read: No such file or directory"), ("no PEM", "holds no certificate in PEM")],
    )
    def test_authorities_that_cannot_be_read_are_named(
        self, tmp_path: Path, server: MailServer, content: str | None, words: str
    ) -> None:
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_text(content)
        error = failure(server.settings(smtp_tls=SmtpTls.STARTTLS, smtp_cacert=str(file)))
        assert str(error) == f"[notify] smtp_cacert: {file} {words}"
        assert not error.retryable


class TestLogin:
    @pytest.fixture
    def secured(self, certificate: Path) -> Iterator[tuple[MailServer, dict[str, Any]]]:
        """A server that wants a login, and the settings for it."""
        with mail_server(certificate, login=True) as running:
            running.users["glancesync"] = "right"
            yield running, {"smtp_tls": SmtpTls.STARTTLS, "smtp_cacert": str(certificate), "smtp_user": "glancesync"}

    def test_mail_arrives_after_a_login(self, secured: tuple[MailServer, dict[str, Any]]) -> None:
        server, others = secured
        session = SmtpSession(server.settings(smtp_password="right", **others))
        send(session)
        session.close()
        assert server.receivers == ["ops@example.org"]

    def test_a_wrong_password_is_named_and_not_shown(self, secured: tuple[MailServer, dict[str, Any]]) -> None:
        server, others = secured
        settings = server.settings(smtp_password="wrong-one", **others)
        error = failure(settings)
        assert isinstance(error, LoginRefused)
        assert (error.scope, error.retryable, error.code) == (MailScope.SERVER, False, 535)
        assert "does not accept the login of glancesync: 535" in str(error)
        assert "wrong-one" not in f"{error} {settings!r}"

    def test_a_server_that_offers_no_login_in_the_clear_is_named(
        self, secured: tuple[MailServer, dict[str, Any]]
    ) -> None:
        error = failure(secured[0].settings(smtp_user="glancesync", smtp_password="right"))
        assert isinstance(error, LoginRefused)
        assert "offers no login; many servers offer it only with [notify] smtp_tls" in str(error)

    def test_a_mail_without_the_login_that_is_wanted_is_refused(self, certificate: Path) -> None:
        with mail_server(certificate, login=True) as server:
            error = failure(server.settings(smtp_tls=SmtpTls.STARTTLS, smtp_cacert=str(certificate)))
        assert (type(error).__name__, error.code, error.retryable) == ("SenderRefused", 530, False)
