"""Mails go from an outbox to a real mail server: each arrives at last, at least once (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.notify.delivery import DeliveryReport, send_due
from fiwareglancesync.notify.mail_settings import SmtpTls
from fiwareglancesync.notify.outbox import KEPT, OutgoingMail, new_mail
from fiwareglancesync.notify.smtp_session import SmtpSession
from tests.support.mail_server import CLOSE, HANG, MailServer, mail_server
from tests.support.outboxes import MemoryOutbox, no_members

NOW = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
A, B, C = (f"{name}@example.org" for name in "abc")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without TLS and login."""
    with mail_server() as running:
        yield running


def mail(number: int, *receivers: str) -> OutgoingMail:
    return new_mail(f"<{number}@example.org>", receivers, f"Größe {number}", "text é", "<p>é</p>", NOW)


def deliver(outbox: MemoryOutbox, server: MailServer, now: datetime = NOW, timeout: float = 20.0) -> DeliveryReport:
    connect = partial(SmtpSession, timeout=timeout, taking_timeout=timeout)
    return send_due(outbox, server.settings(), no_members, now, connect=connect)


def until_empty(outbox: MemoryOutbox, server: MailServer) -> datetime:
    """Send what is due, always at the next moment at which something is.

    :return: the moment of the last round
    """
    now = NOW
    deliver(outbox, server, now)
    while outbox.waiting:
        now = min(each.next_attempt for each in outbox.waiting.values())
        deliver(outbox, server, now)
    return now


def test_greylisting_delays_one_receiver_by_minutes(server: MailServer) -> None:
    server.answers[B] = ["451 4.7.1 Greylisted"] * 3
    outbox = MemoryOutbox(mail(1, A, B), mail(2, C))
    last = until_empty(outbox, server)
    assert server.receivers == [A, C, B]
    assert last - NOW == timedelta(minutes=1 + 2 + 4)
    assert sorted(outbox.sent) == ["<1@example.org>", "<2@example.org>"]


def test_a_receiver_that_is_always_refused_is_given_up_after_a_week_and_the_others_have_their_mail(
    server: MailServer,
) -> None:
    server.answers[B] = ["550 5.1.1 No such user"] * 100
    outbox = MemoryOutbox(mail(1, A, B, C))
    last = until_empty(outbox, server)
    assert (server.receivers, last) == ([A, C], NOW + KEPT)
    (given_up,) = outbox.given_up
    assert (given_up.receivers, outbox.sent) == ((B,), [])
    assert given_up.problem.endswith("does not accept the receiver b@example.org: 550 5.1.1 No such user")


def test_a_mail_may_come_twice_and_is_then_the_same_one(server: MailServer) -> None:
    server.answers_after_taking = [CLOSE]
    outbox = MemoryOutbox(mail(1, A))
    until_empty(outbox, server)
    first, second = server.received
    assert first.message["Message-ID"] == second.message["Message-ID"] == "<1@example.org>"
    assert first.message["Date"] == second.message["Date"]
    assert first.body("plain") == second.body("plain")


def test_a_server_that_takes_each_copy_and_never_says_so_delivers_few(server: MailServer) -> None:
    server.answers_after_taking = [CLOSE] * 100
    server.answers[B] = ["451 4.7.1 Greylisted"] * 100
    outbox = MemoryOutbox(mail(1, A, B))
    last = until_empty(outbox, server)
    assert last == NOW + KEPT
    assert server.receivers == [A] * 12


@pytest.mark.parametrize("answer", [CLOSE, HANG])
def test_a_server_that_fails_in_the_middle_of_one_mail_gets_the_next_one(server: MailServer, answer: str) -> None:
    server.data_answers = [answer]
    outbox = MemoryOutbox(mail(1, A), mail(2, B))
    report = deliver(outbox, server, timeout=2.0)
    assert (report.sent, report.waiting, server.receivers) == (1, 1, [B])
    until_empty(outbox, server)
    assert server.receivers == [B, A]


def test_a_certificate_that_is_not_valid_holds_all_mails_until_it_is(certificate: Path) -> None:
    with mail_server(certificate) as server:
        outbox = MemoryOutbox(mail(1, A), mail(2, B))
        report = send_due(outbox, server.settings(smtp_tls=SmtpTls.STARTTLS), no_members, NOW)
        (message,) = report.messages
        assert message.text.startswith(f"No mail can be sent: the certificate of 127.0.0.1:{server.port} is not valid")
        assert server.connections == 1
        settings = server.settings(smtp_tls=SmtpTls.STARTTLS, smtp_cacert=str(certificate))
        assert send_due(outbox, settings, no_members, NOW + timedelta(days=1)).sent == 2


def test_a_signal_in_the_middle_of_a_mail_loses_nothing(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    session = SmtpSession(server.settings())

    def interrupted(*_: object) -> None:
        raise Cancelled(15)

    outbox = MemoryOutbox(mail(1, A))
    with monkeypatch.context() as patch:
        patch.setattr("smtplib.SMTP.data", interrupted)
        with pytest.raises(Cancelled):
            send_due(outbox, server.settings(), no_members, NOW, connect=lambda _: session)
    (kept,) = outbox.waiting.values()
    assert kept == replace(mail(1, A), attempts=1, next_attempt=NOW + timedelta(minutes=1))
    send_due(outbox, server.settings(), no_members, kept.next_attempt)
    assert server.receivers == [A]
